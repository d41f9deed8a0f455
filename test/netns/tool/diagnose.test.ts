import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Identity } from '../../../scripts/sandbox/machine.ts';
import { EXIT } from '../../../src/errors.ts';
import { openResolved } from '../support/resolved.ts';
import { mirrord, useSession } from '../support/session.ts';

const PROGRAM = join(import.meta.dirname, '../../../bin/mirrord');

interface Finding {
  readonly id: string;
  readonly state: string;
  readonly detail: string;
}

/** What `doctor` must leave as it is. */
const MACHINE =
  'ip -o link; ip -o addr; ip rule; ip route show table all | sort; nft list ruleset; cat /etc/resolv.conf';

describe('mirrord diagnose latency', () => {
  const world = useSession();

  it('measures round trips to the agent, for the user', async () => {
    const { code, stdout, stderr } = await mirrord(world.sandbox, ['diagnose', 'latency', '--count', '50', '--json']);
    assert.equal(code, 0, stderr);
    const { latency } = JSON.parse(stdout) as { latency: Record<string, number> };
    const { count, lost, min_ms: min = 0, p50_ms: p50 = 0, p99_ms: p99 = 0, max_ms: max = 0 } = latency;
    assert.deepEqual([count, lost], [50, 0]);
    assert.ok(min > 0 && min <= p50 && p50 <= p99 && p99 <= max && max < 1000, stdout);
  });

  it('says what to do without a session of that name', async () => {
    const other = await mirrord(world.sandbox, ['diagnose', 'latency', '--name', 'other']);
    assert.equal(other.code, 2);
    assert.match(other.stderr, /sudo \S*mirrord up --name other$/m);
    assert.match(other.stderr, /--name: default/);
  });
});

describe('mirrord doctor', () => {
  const world = useSession();
  const findings = async (as: Identity): Promise<Map<string, Finding>> => {
    const { stdout } = await mirrord(world.sandbox, ['doctor', '--json'], as);
    const { checks } = JSON.parse(stdout) as { checks: Finding[] };
    return new Map(checks.map((check) => [check.id, check]));
  };

  for (const as of ['developer', 'sudo', 'root'] as const) {
    it(`looks at everything as ${as}, and changes nothing`, async () => {
      const look = async (): Promise<string> =>
        (await world.sandbox.developer.run('sh', ['-c', MACHINE], { as: 'root' })).stdout;
      const before = await look();
      const found = await findings(as);
      assert.equal(await look(), before);
      const states = ['kernel', 'privilege', 'tun', 'tools', 'dns-mode', 'nsswitch', 'configuration', 'round-trip'];
      for (const id of states) assert.equal(found.get(id)?.state, 'ok', `${id}: ${found.get(id)?.detail}`);
      assert.equal(found.get('kubeconfig')?.state, 'failed');
      assert.equal(found.get('api-server')?.state, 'skipped');
    });
  }

  it('fails when a check does', async () => {
    const { code, stdout } = await mirrord(world.sandbox, ['doctor']);
    assert.equal(code, EXIT.findings);
    assert.match(stdout, /^✘ kubeconfig: .*\n {4}→ Name one with --kubeconfig/m);
    assert.match(stdout, /^1 failed\.$/m);
  });
});

describe('mirrord doctor beside systemd-resolved, which has a user of its own', function () {
  this.timeout(30_000);

  for (const [who, as] of [
    ['root', []],
    ['a user', ['setpriv', '--reuid=4321', '--regid=4321', '--clear-groups', '--']],
  ] as const) {
    it(`sees as ${who} that it runs`, async () => {
      const sandbox = await openResolved(`echo 'dev:x:4321:4321::/:/bin/sh' >> /etc/passwd`);
      const { stdout } = await sandbox.run('env', ...as, PROGRAM, 'doctor', '--json');
      const { checks } = JSON.parse(stdout) as { checks: Finding[] };
      assert.equal(checks.find(({ id }) => id === 'dns-mode')?.detail, 'auto takes resolved');
      await sandbox.close();
    });
  }
});
