import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { service } from '../../../scripts/sandbox/addresses.ts';
import { poll, statuses, useSession } from '../support/session.ts';
import { Traffic } from '../support/witnessed.ts';
import { BadPath } from './support/bad-path.ts';
import { agentSocket, loseConnection } from './support/session-parts.ts';

const FLOWS = 50;
const CUTS = 200;
const RATE = 400_000;
const SEED = Number(process.env['RESUME_SEED'] ?? 4_711);

describe('mirrord up over a path that cuts, stalls, delays and reorders', function () {
  this.timeout(120_000);
  const world = useSession();
  let path: BadPath | undefined;

  before(async function () {
    this.timeout(60_000);
    await loseConnection(world.sandbox, async () => {
      path = await BadPath.put(agentSocket(world.sandbox), SEED);
    });
    await poll(async () => (await statuses(world.sandbox))[0]?.state === 'ready', 'it has gone on', 20_000);
  });
  after(() => path?.close());

  it(`loses no byte of ${FLOWS} flows in ${CUTS} cuts, and doubles none (seed ${SEED})`, async () => {
    assert.ok(path);
    const first = path.cuts;
    const { developer } = world.sandbox;
    const traffic = await Traffic.start(developer, service(4).v4, 7, FLOWS, RATE);
    await poll(
      () => (path?.cuts ?? 0) - first >= CUTS,
      `${CUTS} cuts`,
      90_000,
      () => `${path?.cuts} cuts`,
    );
    path.isGood = true;
    const report = await traffic.stop();
    assert.deepEqual(report.wrong, []);
    assert.equal(report.right, FLOWS + 1);
    assert.ok(report.bytes > FLOWS * 100_000, `${report.bytes} bytes`);
    const [status] = await statuses(world.sandbox);
    assert.ok(status && status.transport.resumes > CUTS / 2, JSON.stringify(status?.transport));
    console.log(`      ${path.cuts - first} cuts, ${report.bytes} bytes each way, ${status.transport.resumes} resumes`);
  });

  it('lets new flows wait while nothing passes, says so, and opens them when it passes again', async () => {
    assert.ok(path);
    path.isGood = true;
    const traffic = await Traffic.start(world.sandbox.developer, service(4).v4, 7, 2, RATE);
    path.isHole = true;
    path.cutAll();
    await poll(async () => (await statuses(world.sandbox))[0]?.state === 'reconnecting', 'it says so', 5_000);
    const [status] = await statuses(world.sandbox);
    assert.match(status?.reconnecting?.reason ?? '', /closed/);
    const since = Date.parse(status?.reconnecting?.since ?? '');
    assert.ok(Math.abs(Date.now() - since) < 10_000, status?.reconnecting?.since);
    traffic.open();
    await delay(3_000);
    path.fill();
    await poll(async () => (await statuses(world.sandbox))[0]?.state === 'ready', 'it is ready again', 10_000);
    await delay(500);
    const report = await traffic.stop();
    assert.deepEqual(report.wrong, []);
    assert.equal(report.right, 4);
    assert.ok(
      (report.opened[0] ?? 0) > 2_500 && (report.opened[0] ?? 0) < 6_000,
      `opened after ${report.opened[0]} ms`,
    );
    assert.equal((await statuses(world.sandbox))[0]?.reconnecting, null);
  });
});
