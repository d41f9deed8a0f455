import assert from 'node:assert/strict';
import { poll } from '../support/session.ts';
import { HostRun, NETWORK } from '../support/host-run.ts';
import { Sandbox } from '../support/sandbox.ts';
import { snapshot, snapshotEquals } from '../support/snapshot.ts';

/** How its helpers are found among the processes of the sandbox. */
const GUARD = 'mirrord-guar[d]';
const MONITORS = { 'ip monitor': '^ip monito[r]', 'its shell': 'exec 3<&0' } as const;
const STORM_MS = 2_000;

describe('a helper of the host that is killed alone', function () {
  this.timeout(30_000);
  let sandbox: Sandbox;
  let run: HostRun;
  let before: string;
  let during: string;

  beforeEach(async () => {
    sandbox = await Sandbox.open();
    before = await snapshot(sandbox);
    run = new HostRun(sandbox, { requests: [['network', NETWORK]] });
    await run.replies();
    // Of its own changes; from then on it is calm.
    await run.event('changed');
    during = await snapshot(sandbox);
  });
  afterEach(() => sandbox.close());

  /** Their numbers inside. */
  const pids = async (pattern: string): Promise<readonly number[]> => {
    const { stdout } = await sandbox.run('pgrep', '-f', pattern);
    return stdout.split('\n').filter(Boolean).map(Number);
  };
  const kill = async (pattern: string): Promise<void> => {
    const [pid] = await pids(pattern);
    assert.ok(pid !== undefined, `no ${pattern}`);
    await sandbox.shell(`kill -9 ${pid}`);
    await poll(async () => ![undefined, pid].includes((await pids(pattern))[0]), `another ${pattern}`);
  };

  it('is replaced: the guard, which puts the machine back when the host is killed next', async () => {
    await kill(GUARD);
    await kill(GUARD);
    run.signal('SIGKILL');
    const { last } = await snapshotEquals(sandbox, before);
    assert.equal(last, before);
  });

  for (const [what, pattern] of Object.entries(MONITORS)) {
    it(`is replaced: the monitor of the network, after the death of ${what}`, async () => {
      await kill(pattern);
      assert.equal((await snapshotEquals(sandbox, during)).last, during, 'one of each, no more');
      await sandbox.shell('ip address add 192.0.2.99/32 dev lo');
      await run.event('changed', (event) => JSON.stringify(event).includes('192.0.2.99'));
    });
  }

  it('is told what it missed: a change while there was no monitor', async () => {
    await sandbox.shell('kill -9 $(pgrep -f "^ip monito[r]"); ip address add 192.0.2.98/32 dev lo');
    await run.event('changed', (event) => JSON.stringify(event).includes('192.0.2.98'));
  });

  it('does not make the host spin when it is killed again and again', async () => {
    const seen = new Set<number>();
    for (const end = Date.now() + STORM_MS; Date.now() < end;) {
      for (const pid of await pids(GUARD)) {
        seen.add(pid);
        await sandbox.run('kill', '-9', String(pid));
      }
    }
    assert.ok(seen.size > 1 && seen.size < 10, `${seen.size} guards`);
    assert.equal((await run.stop())['end'], 'interrupted');
    assert.equal(await snapshot(sandbox), before);
  });
});
