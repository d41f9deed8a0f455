import assert from 'node:assert/strict';
import { pickVirtualAddresses } from '../../../src/session/virtual-addresses.ts';

describe('the TUN’s own addresses', () => {
  it('are single addresses, with IPv6 only where the cluster has it', () => {
    assert.deepEqual(pickVirtualAddresses([], false, 'mirrord0'), { tun: ['198.19.0.1/32'], resolver: '198.19.0.53' });
    assert.deepEqual(pickVirtualAddresses([], true, 'mirrord0').tun, ['198.19.0.1/32', 'fd6d:6972:726f:1::1/128']);
  });

  it('keep away from what the machine, the cluster or another session uses', () => {
    assert.equal(pickVirtualAddresses(['198.19.0.1/32'], false, 'mirrord0').resolver, '198.19.21.53');
    assert.equal(pickVirtualAddresses(['fd6d:6972:726f:1::/64'], true, 'mirrord0').tun[1], 'fd6d:6972:726f:16::1/128');
  });

  it('are no other session’s, even when none sees the others and the first choices are taken', () => {
    const taken = Array.from({ length: 20 }, (_, block) => `198.19.${block}.0/24`);
    for (const known of [[], taken]) {
      const all = taken.map((_, number) => pickVirtualAddresses(known, false, `mirrord${number}`).resolver);
      assert.equal(new Set(all).size, taken.length);
    }
  });

  it('are looked for everywhere', () => {
    const allButOne = Array.from({ length: 64 }, (_, block) => `198.19.${block}.0/24`).filter(
      (_, block) => block !== 40,
    );
    assert.equal(pickVirtualAddresses(allButOne, false, 'mirrord7').resolver, '198.19.40.53');
  });

  it('say so when none is left', () => {
    assert.throws(() => pickVirtualAddresses(['198.19.0.0/16'], false, 'mirrord0'), { code: 'no-free-address' });
  });
});
