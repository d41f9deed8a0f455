import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  IpView,
  PROTOCOL,
  decodeIpv4,
  decodeIpv6,
  encodeFragmentHeader,
  encodeIpv4,
  encodeIpv6,
  finishSum,
  pseudoHeaderSum,
  sumBytes,
  write16,
} from '../../../src/packet/index.ts';

const START = 5;
const payloads = fc.uint8Array({ maxLength: 200 });

function v4(
  payload: Uint8Array,
  protocol: number,
  fragment: { id: number; offset: number; more: boolean } | null,
): Uint8Array {
  const packet = new Uint8Array(START + 20 + payload.length);
  packet.set([10, 0, 0, 1, 10, 0, 0, 2], START + 12);
  packet.set(payload, START + 20);
  encodeIpv4(packet, START, protocol, payload.length, fragment);
  return packet;
}

function v6(payload: Uint8Array, protocol: number): Uint8Array {
  const packet = new Uint8Array(START + 40 + payload.length);
  packet.set(
    Array.from({ length: 32 }, (_, i) => i + 1),
    START + 8,
  );
  packet.set(payload, START + 40);
  encodeIpv6(packet, START, protocol, payload.length);
  return packet;
}

describe('packet: IPv4', () => {
  const fragments = fc.option(
    fc.record({ id: fc.nat(0xffff), offset: fc.nat(8191).map((n) => n * 8), more: fc.boolean() }),
  );

  it('comes back as it was written, wherever it lies', () => {
    fc.assert(
      fc.property(payloads, fc.nat(255), fragments, (payload, protocol, fragment) => {
        const packet = v4(payload, protocol, fragment);
        const view = new IpView();
        assert.equal(decodeIpv4(packet, START, packet.length - START, view), null);
        assert.equal(view.protocol, protocol);
        assert.deepEqual(packet.subarray(view.payload, view.payload + view.payloadLength), payload);
        assert.equal(view.isFragment, fragment !== null && (fragment.more || fragment.offset > 0));
        if (fragment !== null) {
          assert.deepEqual(
            [view.fragmentId, view.fragmentOffset, view.moreFragments],
            [fragment.id, fragment.offset, fragment.more],
          );
        }
      }),
    );
  });

  it('is refused when cut anywhere, and what follows it is left alone', () => {
    const packet = v4(Uint8Array.of(1, 2, 3, 4), 6, null);
    const view = new IpView();
    for (let length = 0; length < packet.length - START; length++) {
      assert.equal(decodeIpv4(packet, START, length, view), 'ipv4-truncated');
    }
    const longer = new Uint8Array(packet.length + 9);
    longer.set(packet);
    assert.equal(decodeIpv4(longer, START, longer.length - START, view), null);
    assert.equal(view.payloadLength, 4);
  });

  it('is refused with a spoiled header', () => {
    const packet = v4(new Uint8Array(8), 6, null);
    for (let bit = 0; bit < 160; bit++) {
      const spoiled = Uint8Array.from(packet);
      spoiled[START + (bit >> 3)] ^= 1 << (bit & 7);
      assert.notEqual(decodeIpv4(spoiled, START, spoiled.length - START, new IpView()), null);
    }
  });

  it('options are skipped', () => {
    const packet = new Uint8Array(28 + 4);
    packet.set(v4(new Uint8Array(12), 17, null).subarray(START));
    packet[0] = 0x47;
    write16(packet, 10, 0);
    write16(packet, 10, finishSum(sumBytes(packet, 0, 28, 0)));
    const view = new IpView();
    assert.equal(decodeIpv4(packet, 0, packet.length, view), null);
    assert.deepEqual([view.payload, view.payloadLength], [28, 4]);
  });
});

describe('packet: IPv6', () => {
  const header = (kind: number, size: number) => (next: number) => {
    const bytes = new Uint8Array(size);
    bytes[0] = next;
    bytes[1] = kind === PROTOCOL.authentication ? size / 4 - 2 : size / 8 - 1;
    return { kind, bytes };
  };
  const middle = fc.oneof(
    fc.integer({ min: 1, max: 4 }).map((n) => header(PROTOCOL.destinationOptions, n * 8)),
    fc.integer({ min: 1, max: 3 }).map((n) => header(PROTOCOL.routing, n * 8)),
    fc.integer({ min: 3, max: 9 }).map((n) => header(PROTOCOL.authentication, n * 4)),
  );
  const chains = fc
    .tuple(
      fc.option(fc.integer({ min: 1, max: 3 }).map((n) => header(PROTOCOL.hopByHop, n * 8))),
      fc.array(middle, { maxLength: 6 }),
    )
    .map(([first, rest]) => (first === null ? rest : [first, ...rest]));

  it('comes back as it was written, behind any chain of extension headers', () => {
    fc.assert(
      fc.property(chains, payloads, (chain, payload) => {
        let next: number = PROTOCOL.udp;
        let bytes: Uint8Array = payload;
        for (const make of chain.toReversed()) {
          const made = make(next);
          next = made.kind;
          bytes = Buffer.concat([made.bytes, bytes]);
        }
        const packet = v6(bytes, next);
        const view = new IpView();
        assert.equal(decodeIpv6(packet, START, packet.length - START, view), null);
        assert.equal(view.protocol, PROTOCOL.udp);
        assert.equal(packet[view.protocolAt], PROTOCOL.udp);
        assert.deepEqual(packet.subarray(view.payload, view.payload + view.payloadLength), Uint8Array.from(payload));
        for (let length = 0; length < packet.length - START; length++) {
          assert.equal(decodeIpv6(packet, START, length, view), 'ipv6-truncated');
        }
      }),
    );
  });

  it('stops at a fragment header, and takes an atomic one for whole', () => {
    for (const [offset, more] of [
      [0, true],
      [1232, false],
      [0, false],
    ] as const) {
      const piece = new Uint8Array(8 + 16);
      encodeFragmentHeader(piece, 0, PROTOCOL.destinationOptions, { id: -7, offset, more });
      piece[8] = PROTOCOL.udp;
      const packet = v6(piece, PROTOCOL.fragment);
      const view = new IpView();
      assert.equal(decodeIpv6(packet, START, packet.length - START, view), null);
      const isFragment = offset > 0 || more;
      assert.equal(view.isFragment, isFragment);
      assert.equal(view.protocol, isFragment ? PROTOCOL.destinationOptions : PROTOCOL.udp);
      assert.deepEqual([view.fragmentOffset, view.moreFragments, view.fragmentId], [offset, more, -7]);
      assert.equal(view.payloadLength, isFragment ? 16 : 8);
    }
  });

  it('endless chains, hop-by-hop out of place and routes with hops left are refused', () => {
    const chain = (kind: number, count: number): Uint8Array => {
      const bytes = new Uint8Array(count * 8 + 8);
      for (let i = 0; i < count; i++) bytes[i * 8] = i + 1 < count ? kind : PROTOCOL.udp;
      return v6(bytes, kind);
    };
    const decode = (packet: Uint8Array): string | null =>
      decodeIpv6(packet, START, packet.length - START, new IpView());
    assert.equal(decode(chain(PROTOCOL.destinationOptions, 8)), null);
    assert.equal(decode(chain(PROTOCOL.destinationOptions, 9)), 'ipv6-extensions');
    assert.equal(decode(chain(PROTOCOL.hopByHop, 2)), 'ipv6-extensions');
    const routed = chain(PROTOCOL.routing, 1);
    routed[START + 40 + 3] = 1;
    assert.equal(decode(routed), 'ipv6-routing');
  });
});

describe('packet: any bytes', () => {
  it('never throw, and never lead outside the packet', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 120 }),
        fc.constantFrom(0x45, 0x4f, 0x60, 0),
        fc.nat(8),
        (bytes, first, start) => {
          if (bytes.length > start && first !== 0) bytes[start] = first;
          const length = Math.max(0, bytes.length - start);
          const view = new IpView();
          for (const decode of [decodeIpv4, decodeIpv6]) {
            if (decode(bytes, start, length, view) !== null) continue;
            assert.ok(view.payload >= start && view.payload + view.payloadLength <= start + length);
          }
        },
      ),
      { numRuns: 3000 },
    );
  });
});

describe('packet: checksum', () => {
  it('agrees with a sum in plain arithmetic, and verifies to zero', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(0xffff), (bytes, initial) => {
        let sum = BigInt(initial);
        for (let i = 0; i < bytes.length; i += 2) sum += BigInt((bytes[i] << 8) | (bytes[i + 1] ?? 0));
        const expected = Number(sum % 0xffffn);
        assert.equal(finishSum(sumBytes(bytes, 0, bytes.length, initial)) % 0xffff, (0xffff - expected) % 0xffff);
      }),
    );
  });

  it('of 64 kB of ones does not overflow', () => {
    assert.equal(finishSum(sumBytes(new Uint8Array(65_535).fill(255), 0, 65_535, 0xffff)), 0xff);
  });

  it('knows the example of RFC 1071 and a UDP pseudo-header', () => {
    assert.equal(sumBytes(Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7), 0, 8, 0), 0xddf2);
    assert.equal(pseudoHeaderSum(Uint8Array.of(10, 0, 0, 1, 10, 0, 0, 2), 0, 8, 17, 12), 0x1400 + 3 + 17 + 12);
  });
});
