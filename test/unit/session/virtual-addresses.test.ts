import assert from 'node:assert/strict';
import { pickVirtualAddresses } from '../../../src/session/virtual-addresses.ts';

describe('the TUN’s own addresses', () => {
  it('are single addresses, with IPv6 only where the cluster has it', () => {
    assert.deepEqual(pickVirtualAddresses([], false), { tun: ['198.19.0.1/32'], resolver: '198.19.0.53' });
    assert.deepEqual(pickVirtualAddresses([], true).tun, ['198.19.0.1/32', 'fd6d:6972:726f:1::1/128']);
  });

  it('keep away from what the machine, the cluster or another session uses', () => {
    assert.equal(pickVirtualAddresses(['198.19.0.1/32'], false).resolver, '198.19.1.53');
    assert.equal(pickVirtualAddresses(['fd6d:6972:726f:1::/64'], true).tun[1], 'fd6d:6972:726f:2::1/128');
  });

  it('say so when none is left', () => {
    assert.throws(() => pickVirtualAddresses(['198.19.0.0/16'], false), { code: 'no-free-address' });
  });
});
