import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { DNS, HostRun, NETWORK } from '../support/host-run.ts';
import { Sandbox } from '../support/sandbox.ts';
import { snapshot, snapshotEquals } from '../support/snapshot.ts';

/** From before the host has claimed its name to after its last change. */
const MOMENTS_MS = Array.from({ length: 16 }, (_, i) => 80 + i * 25);

describe('a host that is killed at any moment', function () {
  this.timeout(60_000);

  for (const mode of ['nftables', 'resolv.conf'] as const) {
    it(`leaves nothing behind (${mode})`, async () => {
      const sandbox = await Sandbox.open();
      try {
        const before = await snapshot(sandbox);
        for (const moment of MOMENTS_MS) {
          const run = new HostRun(sandbox, {
            requests: [
              ['network', NETWORK],
              ['dns', { ...DNS, mode }],
              ['network', { ...NETWORK, routes: ['10.98.0.0/16'], pins: [] }],
            ],
          });
          await delay(moment);
          run.signal('SIGKILL');
          await run.ended();
          const { last } = await snapshotEquals(sandbox, before);
          assert.equal(last, before, `killed after ${moment} ms`);
        }
      } finally {
        await sandbox.close();
      }
    });
  }

  it('is restored quickly', async () => {
    const sandbox = await Sandbox.open();
    try {
      const times: number[] = [];
      for (let round = 0; round < 5; round++) {
        const run = new HostRun(sandbox, {
          requests: [
            ['network', NETWORK],
            ['dns', { ...DNS, mode: 'resolv.conf' }],
          ],
        });
        await run.replies();
        const host = run.hostPid();
        const elapsed = await sandbox.timeUntil(
          () => process.kill(host, 'SIGKILL'),
          '! ip rule | grep -q 7300 && ! [ -e /sys/class/net/mirrord0 ] && ! grep -q mirrord /etc/resolv.conf',
        );
        times.push(elapsed);
      }
      // Some 100 ms on an idle machine; the bound only tells that nobody waits for a next command.
      assert.ok(Math.min(...times) < 1_500, `took ${times.map((ms) => ms.toFixed(0)).join(', ')} ms`);
    } finally {
      await sandbox.close();
    }
  });
});
