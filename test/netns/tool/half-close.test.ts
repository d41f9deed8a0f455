import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { service } from '../../../scripts/sandbox/addresses.ts';
import { useSession } from '../support/session.ts';

describe('mirrord up, half-close', () => {
  const world = useSession();

  it('a late answer comes after the client has closed its side', async () => {
    const digest = createHash('sha256').update('hello').digest('hex');
    for (const address of Object.values(service(5))) {
      assert.equal(await world.shell(`printf hello | nc -N ${address} 9`), `5 ${digest}\n`);
    }
  });

  it('so it does when nothing was sent at all', async () => {
    const digest = createHash('sha256').digest('hex');
    assert.equal(await world.shell(`nc -N ${service(5).v4} 9 </dev/null`), `0 ${digest}\n`);
  });
});
