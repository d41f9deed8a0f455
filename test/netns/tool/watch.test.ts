import assert from 'node:assert/strict';
import { once } from 'node:events';
import { service } from '../../../scripts/sandbox/addresses.ts';
import type { SessionStatus } from '../../../src/control/answers.ts';
import { mirrord, poll, up, useSandbox } from '../support/session.ts';

interface Shown {
  readonly seq: number;
  readonly session: SessionStatus & { readonly user: string };
}

describe('mirrord status --watch', () => {
  const world = useSandbox();

  /** Starts it as the developer. */
  function watch(...args: readonly string[]) {
    const child = world.sandbox.developer.start(world.sandbox.mirrord, ['status', '--watch', ...args], {
      as: 'developer',
    });
    const told = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk) => (told.stdout += String(chunk)));
    child.stderr.on('data', (chunk) => (told.stderr += String(chunk)));
    const shown = (): Shown[] =>
      told.stdout
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Shown);
    return { child, told, shown, exit: once(child, 'exit') as Promise<[number | null]> };
  }

  it('follows a session from its start to its end', async () => {
    const session = await up(world.sandbox).ready();
    const live = watch('--json');
    await poll(
      () => live.shown().length > 0,
      'the first status',
      5_000,
      () => live.told.stderr,
    );
    const [first] = live.shown();
    assert.deepEqual([first?.session.state, first?.session.user, first?.session.flows.tcp], ['ready', 'developer', 0]);
    const flow = world.sandbox.developer.start('nc', ['-N', service(5).v4, '9']);
    await poll(() => live.shown().at(-1)?.session.flows.tcp === 1, 'the flow');
    flow.stdin.end();
    await once(flow, 'exit');
    const numbers = live.shown().map(({ seq }) => seq);
    assert.deepEqual(
      numbers,
      numbers.map((_, i) => (numbers[0] ?? 0) + i),
    );
    await session.end();
    assert.deepEqual(await live.exit, [0, null]);
    assert.equal(live.told.stderr, '');
  });

  it('says to people that the session has ended, and to a reader who goes nothing more', async () => {
    const session = await up(world.sandbox).ready();
    const live = watch();
    const line = `"$1" status --watch | head -1`;
    const piped = await world.sandbox.developer.run('sh', ['-c', line, 'sh', world.sandbox.mirrord], {
      as: 'developer',
    });
    assert.match(piped.stdout, /^default: ready \(pid \d+, user developer\)\n$/);
    await poll(
      () => live.told.stdout.includes('default: ready'),
      'the first status',
      5_000,
      () => live.told.stderr,
    );
    assert.ok(!live.told.stdout.includes('\u001b'));
    await mirrord(world.sandbox, ['down']);
    await session.ended;
    assert.deepEqual(await live.exit, [0, null]);
    assert.match(live.told.stdout, /\ndefault: ended\n$/);
  });

  it('fails when the session is killed, and when there is none', async () => {
    const session = await up(world.sandbox).ready();
    const live = watch('--json');
    await poll(
      () => live.shown().length > 0,
      'the first status',
      5_000,
      () => live.told.stderr,
    );
    await world.sandbox.developer.run('kill', ['-9', String(live.shown()[0]?.session.pid)]);
    assert.deepEqual(await live.exit, [1, null]);
    assert.match(live.told.stderr, /session-no-answer/);
    await session.ended;
    const { code, stderr } = await mirrord(world.sandbox, ['status', '--watch']);
    assert.equal(code, 2);
    assert.match(stderr, /No session 'default' is up/);
  });
});
