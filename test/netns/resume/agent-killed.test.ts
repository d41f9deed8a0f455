import assert from 'node:assert/strict';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { service } from '../../../scripts/sandbox/addresses.ts';
import { poll, statuses, useSession } from '../support/session.ts';
import { partsOf } from './support/session-parts.ts';

const HOLDER = join(import.meta.dirname, 'support/held-flow.ts');
const NETWORK = `
  ip -o link show mirrord0
  ip -o address show
  for family in -4 -6; do ip $family rule; ip $family route show table all | sort; done
  nft list tables
`;

describe('mirrord up whose agent is killed', function () {
  this.timeout(60_000);
  const world = useSession();

  it('resets the flows, starts another agent, and leaves TUN, routes and DNS alone', async () => {
    const { sandbox } = world;
    const holder = sandbox.developer.start(process.execPath, [HOLDER, service(4).v4, '7'], { as: 'developer' });
    const lines = createInterface({ input: holder.stdout })[Symbol.asyncIterator]();
    assert.equal((await lines.next()).value, 'open');
    const networkNow = async () => (await sandbox.developer.run('sh', ['-c', NETWORK])).stdout;
    const network = await networkNow();
    assert.match(network, /table inet mirrord_default/);
    const start = performance.now();
    for (let round = 1; round <= 3; round++) {
      const { agent } = partsOf(sandbox);
      assert.ok(agent);
      process.kill(agent, 'SIGKILL');
      // Opened while there is no agent.
      const opened = world.run('curl', '-sS', '-m', '20', `http://${service(1).v4}:8080/`);
      await poll(
        async () => {
          const [status] = await statuses(sandbox);
          return status?.state === 'ready' && partsOf(sandbox).agent !== undefined && partsOf(sandbox).agent !== agent;
        },
        `another agent, round ${round}`,
        15_000,
      );
      assert.match(await opened, /payment-service/);
    }
    assert.equal((await lines.next()).value, 'ECONNRESET');
    assert.equal(await networkNow(), network);
    // It may be over before anybody could ask: the log has it.
    const log = await world.shell('cat ~/.local/state/mirrord/default.log');
    const reconnects = log.match(/^.*"msg":"reconnecting".*$/gm) ?? [];
    assert.ok(reconnects.length >= 3, log);
    assert.match(reconnects[0] ?? '', /"reason":"[^"]+"/);
    assert.ok(performance.now() - start < 30_000);
    assert.match(await world.run('curl', '-sS', 'http://payment-service:8080/'), /payment-service/);
    holder.kill();
    await once(holder, 'close');
  });
});
