import assert from 'node:assert/strict';
import { join } from 'node:path';
import { service } from '../../../scripts/sandbox/addresses.ts';
import { poll, statuses, useSession } from '../support/session.ts';

describe('mirrord up, many flows at once', () => {
  const world = useSession();
  const program = join(import.meta.dirname, '../support/many-flows.ts');

  it('200 flows carry 256 kB each both ways without one failure', async () => {
    const result = await world.run(process.execPath, program, service(4).v4, '7', '200', '262144');
    assert.equal(result, '200 of 200 right\n');
  });

  it('2,000 short ones too, and none is left', async () => {
    const result = await world.run(process.execPath, program, service(4).v6, '7', '2000', '1');
    assert.equal(result, '2000 of 2000 right\n');
    await poll(async () => (await statuses(world.sandbox))[0]?.flows.tcp === 0, 'all flows are closed', 10_000);
  });
});
