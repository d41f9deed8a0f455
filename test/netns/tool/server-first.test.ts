import assert from 'node:assert/strict';
import { pod } from '../../../scripts/sandbox/addresses.ts';
import { poll, useSession } from '../support/session.ts';

describe('mirrord up, protocols in which the server speaks first', () => {
  const world = useSession();

  it('shows the greeting to a client that says nothing', async () => {
    assert.equal(await world.shell('nc -w 1 db.prod.svc 5432 </dev/null'), '+READY mirrord sandbox\r\n');
  });

  it('a real redis answers redis-cli', async () => {
    const address = pod(1).v4;
    const redis = world.sandbox.cluster.start('redis-server', [
      '--bind',
      address,
      '--port',
      '6379',
      '--save',
      '',
      '--protected-mode',
      'no',
    ]);
    try {
      await poll(
        async () => (await world.sandbox.cluster.run('redis-cli', ['-h', address, 'ping'])).stdout === 'PONG\n',
        'redis is up',
      );
      assert.equal(await world.run('redis-cli', '-h', address, 'set', 'key', 'value'), 'OK\n');
      assert.equal(await world.run('redis-cli', '-h', address, 'get', 'key'), 'value\n');
    } finally {
      redis.kill();
    }
  });
});
