import assert from 'node:assert/strict';
import { OwnAddresses } from '../../../src/dns/own-addresses.ts';

describe('addresses of this machine', () => {
  it('count as soon as they are there, and strangers do not make it read them all the time', () => {
    let addresses = ['192.168.7.1', 'fe80::1'];
    let reads = 0;
    let now = 0;
    const own = new OwnAddresses(
      () => {
        reads++;
        return addresses;
      },
      () => now,
    );
    for (const address of ['127.0.0.1', '127.8.9.10', '192.168.7.1', 'fe80::1%eth0']) assert.ok(own.has(address));
    for (let i = 0; i < 1_000; i++) assert.ok(!own.has('192.168.7.9'));
    assert.equal(reads, 1);
    addresses = ['192.168.8.1'];
    now += 1_000;
    assert.ok(own.has('192.168.8.1'));
    assert.ok(!own.has('192.168.7.1'));
    assert.equal(reads, 2);
  });
});
