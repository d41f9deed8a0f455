import assert from 'node:assert/strict';
import { parseRoutes } from '../../../src/host/facts.ts';

describe('routes as `ip -json` lists them', () => {
  it('keeps what leads somewhere, with table and metric', () => {
    const json = JSON.stringify([
      { dst: 'default', gateway: '192.168.7.254', dev: 'eth0', metric: 100, flags: [] },
      { dst: '10.1.2.3', dev: 'wg0', table: '52', flags: [] },
      { type: 'unreachable', dst: '10.9.0.0/16', metric: 4, flags: [] },
      { type: 'local', dst: '127.0.0.1', dev: 'lo', table: 'local' },
      { dst: '10.8.0.0/16', nexthops: [{ gateway: '192.168.7.1', dev: 'eth0' }, { dev: 'eth1' }] },
    ]);
    assert.deepEqual(parseRoutes(json, 4), [
      { destination: '0.0.0.0/0', device: 'eth0', gateway: '192.168.7.254', metric: 100 },
      { destination: '10.1.2.3/32', device: 'wg0', table: '52' },
      { destination: '10.8.0.0/16', device: 'eth0', gateway: '192.168.7.1' },
      { destination: '10.8.0.0/16', device: 'eth1' },
    ]);
    assert.deepEqual(parseRoutes('[{"dst":"default","dev":"eth0"}]', 6), [{ destination: '::/0', device: 'eth0' }]);
  });
});
