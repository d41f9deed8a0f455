import assert from 'node:assert/strict';
import { HostRun, NETWORK, DNS } from '../support/host-run.ts';
import { Sandbox } from '../support/sandbox.ts';
import { folderOf } from '../support/session-place.ts';
import { snapshot, snapshotEquals } from '../support/snapshot.ts';

/** What a kill may leave for a moment: the guard starts a Node on a busy machine. */

const STAGES: Record<string, readonly (readonly [string, ...unknown[]])[]> = {
  'the TUN': [],
  'the network': [['network', NETWORK]],
  'DNS by nftables': [
    ['network', NETWORK],
    ['dns', { ...DNS, mode: 'nftables' }],
  ],
  'DNS by resolv.conf': [
    ['network', NETWORK],
    ['dns', { ...DNS, mode: 'resolv.conf' }],
  ],
};

describe('the host comes back as it was', function () {
  this.timeout(30_000);
  let sandbox: Sandbox;
  let before: string;

  for (const [stage, requests] of Object.entries(STAGES)) {
    describe(`after ${stage}`, () => {
      beforeEach(async () => {
        sandbox = await Sandbox.open();
        before = await snapshot(sandbox);
      });
      afterEach(() => sandbox.close());

      const up = async (): Promise<HostRun> => {
        const run = new HostRun(sandbox, { requests });
        for (const reply of await run.replies()) assert.ok(!(reply as { code?: string }).code, JSON.stringify(reply));
        assert.notEqual(await snapshot(sandbox), before);
        return run;
      };

      it('SIGTERM to the host', async () => {
        const run = await up();
        assert.equal((await run.stop())['end'], 'interrupted');
        assert.equal(await snapshot(sandbox), before);
      });

      it('`down`', async () => {
        const run = await up();
        process.kill(run.sessionPid(), 'SIGUSR1');
        assert.equal((await run.event('end'))['end'], 'stopped');
        assert.equal(await snapshot(sandbox), before);
      });

      it('kill -9 of the session', async () => {
        const run = await up();
        process.kill(run.sessionPid(), 'SIGKILL');
        const end = await run.event('end');
        assert.equal((end['error'] as { code: string }).code, 'session-died');
        assert.equal(await snapshot(sandbox), before);
      });

      it('kill -9 of the host', async () => {
        const run = await up();
        run.signal('SIGKILL');
        const { last } = await snapshotEquals(sandbox, before);
        assert.equal(last, before);
      });

      it('kill -9 of the host while the session hangs', async () => {
        const run = new HostRun(sandbox, { requests, environment: { BEHAVIOUR: 'deaf' } });
        await run.replies();
        const session = run.sessionPid();
        run.signal('SIGKILL');
        if (stage === 'the TUN') process.kill(session, 'SIGKILL');
        const { last } = await snapshotEquals(sandbox, before);
        assert.equal(last, before);
      });

      it('kill -9 of both', async () => {
        const run = await up();
        const session = run.sessionPid();
        run.signal('SIGKILL');
        process.kill(session, 'SIGKILL');
        const { last } = await snapshotEquals(sandbox, before);
        assert.equal(last, before);
      });

      it('kill -9 of all three, by the next `up`', async () => {
        const run = await up();
        const session = run.sessionPid();
        const guard = Number(await sandbox.shell('pgrep -f mirrord-guard | head -1'));
        await sandbox.shell(`kill -9 ${guard}`);
        run.signal('SIGKILL');
        process.kill(session, 'SIGKILL');
        await run.ended();
        const next = new HostRun(sandbox, { environment: { NAME: 'other' } });
        const repair = await next.event('progress');
        assert.match(JSON.stringify(repair), /undid the changes that session default left/);
        await next.replies();
        assert.equal((await next.stop())['end'], 'interrupted');
        assert.equal(await snapshot(sandbox), before);
      });
    });
  }

  it('also where its user has mounted something in the folder of a killed session, and another one starts', async () => {
    sandbox = await Sandbox.open();
    try {
      const run = new HostRun(sandbox, { requests: [['network', NETWORK]] });
      await run.replies();
      const rules = await sandbox.shell(`mkdir ${folderOf(sandbox.pid)}/session/x; ip rule`);
      await sandbox.shell(`mount -t tmpfs user ${folderOf(sandbox.pid)}/session/x`);
      const session = run.sessionPid();
      await sandbox.shell('kill -9 $(pgrep -f mirrord-guard | head -1)');
      run.signal('SIGKILL');
      process.kill(session, 'SIGKILL');
      await run.ended();
      const next = new HostRun(sandbox, { environment: { NAME: 'other' } });
      assert.match(JSON.stringify(await next.event('progress')), /its folder could not be removed: .*busy/);
      await next.replies();
      assert.notEqual(await sandbox.shell('ip rule'), rules);
      assert.equal((await next.stop())['end'], 'interrupted');
    } finally {
      await sandbox.close();
    }
  });
});
