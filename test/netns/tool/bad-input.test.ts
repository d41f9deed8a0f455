import assert from 'node:assert/strict';
import { machineState } from '../../../scripts/sandbox/machine-state.ts';
import { mirrord, useSandbox } from '../support/session.ts';
import type { Identity } from '../../../scripts/sandbox/index.ts';

describe('mirrord up, what cannot work', () => {
  const world = useSandbox();

  const cases: readonly { what: string; args: string[]; as?: Identity; code: number; says: RegExp }[] = [
    {
      what: 'without root',
      args: ['up', '-t', 'netns/x'],
      as: 'developer',
      code: 3,
      says: /Run it with sudo: sudo \S*mirrord up -t netns\/x$/m,
    },
    { what: 'a namespace that is not there', args: ['up', '-t', 'netns/no-such'], code: 2, says: /no-such/ },
    { what: 'a process that is not there', args: ['up', '-t', 'process/4194303'], code: 2, says: /4194303/ },
    { what: 'a target of no kind', args: ['up', '-t', 'bogus/x'], code: 2, says: /bogus/ },
    { what: 'a range that is none', args: ['up', '--include-route', '10.0.0.0/33'], code: 2, says: /10\.0\.0\.0\/33/ },
    { what: 'a DNS mode that is none', args: ['up', '--dns', 'magic'], code: 2, says: /magic/ },
    { what: 'a name with a slash', args: ['up', '--name', '../x'], code: 2, says: /\.\.\/x/ },
    { what: 'a flag that is none', args: ['up', '--nonsense'], code: 2, says: /--nonsense/ },
    { what: 'a command that is none', args: ['upp'], code: 2, says: /upp/ },
    {
      what: 'a configuration file that is not there',
      args: ['up', '-f', '/no/such.json'],
      code: 2,
      says: /no\/such\.json/,
    },
    { what: 'no kubeconfig', args: ['up'], code: 2, says: /kubeconfig/i },
    { what: 'a kubeconfig that is not there', args: ['up', '--kubeconfig', '/no/such'], code: 2, says: /\/no\/such/ },
  ];

  for (const { what, args, as = 'sudo', code, says } of cases) {
    it(`${what}: exit ${code}, in words and as JSON, and nothing changed`, async () => {
      const before = await machineState(world.sandbox.developer);
      const words = await mirrord(world.sandbox, args, as);
      assert.equal(words.code, code, words.stderr);
      assert.match(words.stderr, says);
      assert.match(words.stderr, /^Error: .+\n( {2}→ .+\n)+$/, 'what happened, and what to do');

      const json = await mirrord(world.sandbox, [...args, '--json'], as);
      assert.equal(json.code, code);
      const last = json.stderr.trim().split('\n').at(-1) ?? '';
      const { error } = JSON.parse(last) as { error: Record<string, string> };
      assert.deepEqual(Object.keys(error), ['code', 'message', 'help']);
      assert.match(error['code'] ?? '', /^[a-z-]+$/);
      assert.equal(await machineState(world.sandbox.developer), before);
    });
  }
});
