import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  GSO,
  ICMP4,
  ICMP6,
  PROTOCOL,
  VNET_FLAG,
  VNET_HEADER_LENGTH,
  encodeIcmp,
  encodeUdp,
  read32,
} from '../../../src/packet/index.ts';
import {
  ECHOES,
  ICMP_BURST,
  REASSEMBLIES,
  REASSEMBLY_PATIENCE,
  UDP_ANSWERED_FLOWS,
  UDP_DNS_IDLE_MS,
  UDP_FLOWS,
  UDP_IDLE_MS,
} from '../../../src/stack/limits.ts';
import {
  Lab,
  PROGRAM,
  PROGRAM6,
  SERVICE,
  SERVICE6,
  describe as text,
  ipPacket,
  readIp,
  tcpPacket,
  type IpOptions,
} from './support/lab.ts';

function datagram(payload: Uint8Array, port = 7, sourcePort = 5000): Uint8Array {
  const bytes = new Uint8Array(8 + payload.length);
  encodeUdp(bytes, 0, sourcePort, port, payload.length, 0);
  bytes.set(payload, 8);
  return bytes;
}

function udp(v6: boolean, payload: Uint8Array, port = 7, sourcePort = 5000, options: IpOptions = {}): Uint8Array {
  return ipPacket(v6, PROTOCOL.udp, datagram(payload, port, sourcePort), { checksumOffset: 6, ...options });
}

function echo(v6: boolean, payload: Uint8Array, options: IpOptions = {}): Uint8Array {
  const message = new Uint8Array(8 + payload.length);
  encodeIcmp(message, 0, v6 ? ICMP6.echoRequest : ICMP4.echoRequest, 0, 0x12340005);
  message.set(payload, 8);
  const packet = ipPacket(v6, v6 ? PROTOCOL.icmp6 : PROTOCOL.icmp, message, { checksumOffset: 2, ...options });
  // ICMP of IPv4 has no pseudo-header; the kernel's flag says that the sum need not be looked at.
  packet[0] = VNET_FLAG.dataValid;
  return packet;
}

/** The IP fragments of a packet that was built whole. */
function fragments(v6: boolean, whole: Uint8Array, size: number, id = 7): Uint8Array[] {
  const ip = readIp(whole);
  const payload = whole.subarray(ip.payload);
  const pieces: Uint8Array[] = [];
  for (let offset = 0; offset < payload.length; offset += size) {
    const piece = payload.subarray(offset, offset + size);
    const more = offset + size < payload.length;
    if (!v6) {
      pieces.push(ipPacket(false, PROTOCOL.udp, piece, { fragment: { id, offset, more } }));
      continue;
    }
    const header = Uint8Array.of(PROTOCOL.udp, 0, offset >> 8, (offset & 0xf8) | (more ? 1 : 0), 0, 0, 0, id);
    pieces.push(ipPacket(true, PROTOCOL.fragment, Buffer.concat([header, piece])));
  }
  return pieces;
}

const pattern = (length: number): Buffer => Buffer.from(Array.from({ length }, (_, i) => (i * 7) & 255));

for (const v6 of [false, true]) {
  describe(`udp over IPv${v6 ? 6 : 4}`, () => {
    it('one flow per pair, datagrams both ways', () => {
      const lab = new Lab({ v6 });
      lab.device.deliver([udp(v6, pattern(3)), udp(v6, pattern(0)), udp(v6, pattern(5), 8)]);
      assert.equal(lab.udp.length, 2);
      assert.deepEqual(lab.udp[0].source, { host: v6 ? PROGRAM6 : PROGRAM, port: 5000 });
      assert.deepEqual(lab.udp[0].destination, { host: v6 ? SERVICE6 : SERVICE, port: 7 });
      assert.deepEqual(lab.takeEvents(), ['datagram 3', 'datagram 0', 'datagram 5']);
      lab.udp[0].send(pattern(1400));
      assert.deepEqual(lab.out(), ['udp len=1400']);
    });

    it('ends after its idle time, sooner once a DNS answer went back', () => {
      const lab = new Lab({ v6 });
      lab.device.deliver([udp(v6, pattern(3)), udp(v6, pattern(3), 53, 5001)]);
      lab.udp[1].send(pattern(9));
      lab.wait(UDP_DNS_IDLE_MS);
      assert.equal(lab.stack.counters.udpFlows, 1);
      lab.wait(UDP_IDLE_MS - UDP_DNS_IDLE_MS - 1);
      lab.device.deliver([udp(v6, pattern(3))]);
      lab.wait(UDP_IDLE_MS - 1);
      assert.equal(lab.stack.counters.udpFlows, 1);
      lab.wait(1);
      assert.equal(lab.stack.counters.udpFlows, 0);
      assert.deepEqual(lab.takeEvents().filter((event) => event === 'udp closed').length, 2);
      assert.equal(lab.stack.nextWakeup(), null);
    });

    it('lives five minutes after its last datagram, in either direction: a server may push late', () => {
      const lab = new Lab({ v6 });
      lab.device.deliver([udp(v6, pattern(3))]);
      lab.wait(299_999);
      lab.udp[0].send(pattern(9));
      lab.wait(299_999);
      lab.udp[0].send(pattern(8));
      assert.deepEqual(lab.out(), ['udp len=9', 'udp len=8']);
      lab.wait(300_000);
      assert.equal(lab.stack.counters.udpFlows, 0);
    });

    it('an answer from another port of the destination is a flow of its own, from there to the same socket', () => {
      const lab = new Lab({ v6 });
      lab.device.deliver([udp(v6, pattern(3), 69)]);
      const heard: number[] = [];
      const answered = lab.udp[0].answeredFrom(4000) ?? assert.fail();
      answered.onDatagram = (payload) => heard.push(payload.length);
      assert.deepEqual(answered.destination, { host: v6 ? SERVICE6 : SERVICE, port: 4000 });
      answered.send(pattern(100));
      const [packet] = lab.device.take();
      const { payload } = readIp(packet);
      assert.equal(read32(packet, payload), (4000 << 16) | 5000, 'ports');
      lab.takeEvents();
      lab.device.deliver([udp(v6, pattern(4), 4000), udp(v6, pattern(5), 69)]);
      assert.deepEqual(heard, [4]);
      assert.deepEqual(lab.takeEvents(), ['datagram 5']);
      assert.equal(lab.udp.length, 1, 'the handler is not asked to dial');
      assert.equal(lab.udp[0].answeredFrom(4000), null, 'there is one');
      lab.wait(UDP_IDLE_MS);
      assert.equal(lab.stack.counters.udpFlows, 0);
      assert.equal(lab.udp[0].answeredFrom(4001), null, 'nothing was sent for so long');
    });

    it('far hosts begin no more flows than their share', () => {
      const lab = new Lab({ v6 });
      lab.device.deliver([udp(v6, pattern(3), 69)]);
      const begin = (from: number, count: number): number =>
        Array.from({ length: count }, (_, i) => lab.udp[0].answeredFrom(from + i)).filter((flow) => flow !== null)
          .length;
      assert.equal(begin(1_000, 2_000), UDP_ANSWERED_FLOWS);
      assert.equal(lab.stack.counters.udpFlows, 1 + UDP_ANSWERED_FLOWS);
      assert.equal(lab.stack.counters.dropped['udp-answered-flows'], 2_000 - UDP_ANSWERED_FLOWS);
      lab.wait(UDP_IDLE_MS - 1);
      lab.device.deliver([udp(v6, pattern(3), 69)]);
      lab.wait(1);
      assert.equal(begin(1_000, 10), 10, 'what is over makes room');
    });

    it('refusals are ICMP unreachable that quotes the datagram', () => {
      const codes = v6 ? ['1/4', '1/3', '1/0', '1/1'] : ['3/3', '3/1', '3/0', '3/13'];
      for (const [i, reason] of (
        ['refused', 'host-unreachable', 'network-unreachable', 'prohibited'] as const
      ).entries()) {
        const lab = new Lab({ v6 });
        const original = udp(v6, pattern(40));
        lab.device.deliver([original]);
        lab.udp[0].refuse(reason);
        assert.equal(lab.stack.counters.udpFlows, 0);
        const [packet] = lab.device.sent;
        assert.equal(text(packet), `icmp ${codes[i]}`);
        const ip = readIp(packet);
        const quoted = packet.subarray(ip.payload + 8);
        const { addresses, addressesLength, payload } = readIp(original);
        const at = addresses - 10;
        assert.deepEqual(
          quoted.subarray(at, at + addressesLength),
          original.subarray(addresses, addresses + addressesLength),
        );
        assert.equal(read32(quoted, payload - 10), read32(original, payload), 'ports');
        assert.deepEqual(quoted[payload - 10 + 5], 48, 'length');
      }
    });

    it('a train of datagrams (USO) falls apart at its size', () => {
      const lab = new Lab({ v6 });
      const vnet = { flags: VNET_FLAG.needsChecksum, gsoType: GSO.udpTrain, gsoSize: 1000 };
      lab.device.deliver([udp(v6, pattern(2500), 7, 5000, { vnet })]);
      assert.deepEqual(lab.takeEvents(), ['datagram 1000', 'datagram 1000', 'datagram 500']);
    });

    it('any size up to the largest goes out and comes in, whole or in fragments in any order', () => {
      const max = v6 ? 65_527 : 65_507;
      const sizes = fc.oneof(fc.constantFrom(0, 1, 1452, 1453, 1472, 1473, max), fc.nat(max));
      fc.assert(
        fc.property(
          sizes,
          fc.constantFrom(1280, 1500, 9000, 65_535),
          fc.infiniteStream(fc.nat(1000)),
          (size, mtu, order) => {
            const sender = new Lab({ v6, mtu });
            sender.device.deliver([udp(v6, pattern(1))]);
            const payload = pattern(size);
            sender.udp[0].send(payload);
            const packets = sender.device.take();
            for (const packet of packets) assert.ok(packet.length - 10 <= mtu);
            const shuffled = packets.map((packet) => [order.next().value as number, packet] as const);
            shuffled.sort(([a], [b]) => a - b);
            let received: Buffer | null = null;
            const receiver = new Lab({
              v6,
              handler: { udp: (flow) => (flow.onDatagram = (bytes) => (received = Buffer.from(bytes))) },
            });
            receiver.device.deliver(shuffled.map(([, packet]) => packet));
            assert.deepEqual(receiver.stack.counters.dropped, {});
            assert.ok(received !== null && payload.equals(received));
          },
        ),
        { numRuns: 60 },
      );
    });

    it('fragments: a repetition is ignored, an overlap drops the datagram', () => {
      const lab = new Lab({ v6 });
      const [a, b, c] = fragments(v6, udp(v6, pattern(2000)), 800);
      lab.device.deliver([a, a, c, b]);
      assert.deepEqual(lab.takeEvents(), ['datagram 2000']);
      const other = fragments(v6, udp(v6, pattern(2000)), 808, 8);
      const [d, e] = fragments(v6, udp(v6, pattern(2000)), 800, 8);
      lab.device.deliver([d, other[1], other[0], e]);
      assert.deepEqual(lab.takeEvents(), []);
      assert.equal(lab.stack.counters.dropped['fragment-overlap'], 1);
    });

    it('fragments that never come together are forgotten in time, and bounded in number', () => {
      const lab = new Lab({ v6 });
      const [first] = fragments(v6, udp(v6, pattern(2000)), 800);
      lab.device.deliver([first]);
      lab.wait(REASSEMBLY_PATIENCE);
      assert.equal(lab.stack.counters.dropped['fragment-timeout'], 1);
      for (let id = 0; id < 3 * REASSEMBLIES; id++) {
        lab.device.deliver([fragments(v6, udp(v6, pattern(2000)), 800, id & 255)[0]]);
      }
      assert.equal(lab.stack.counters.dropped['fragment-evicted'], 2 * REASSEMBLIES);
      lab.wait(REASSEMBLY_PATIENCE);
      assert.equal(lab.stack.nextWakeup(), null);
    });
  });

  describe(`icmp echo over IPv${v6 ? 6 : 4}`, () => {
    it('the reply keeps identifier, sequence number and payload, of any size', () => {
      for (const size of [0, 56, 1472, 5000, 65_000]) {
        const lab = new Lab({ v6 });
        lab.device.deliver([echo(v6, pattern(size))]);
        lab.assertNothingSaid();
        lab.echoes[0].reply('reachable');
        lab.echoes[0].reply('reachable');
        const packets = lab.device.take();
        const first = readIp(packets[0]);
        assert.equal(packets[0][first.payload], v6 ? ICMP6.echoReply : ICMP4.echoReply);
        assert.equal(read32(packets[0], first.payload + 4), 0x12340005);
        const body = Buffer.concat(packets.map((packet) => packet.subarray(readIp(packet).payload)));
        assert.ok(body.subarray(8).equals(pattern(size)));
      }
    });

    it('unreachable hosts are said to be so, a time-out is silence', () => {
      const lab = new Lab({ v6 });
      lab.device.deliver([echo(v6, pattern(8)), echo(v6, pattern(8)), echo(v6, pattern(8))]);
      assert.equal(lab.echoes[0].destination, v6 ? SERVICE6 : SERVICE);
      lab.echoes[0].reply('host-unreachable');
      lab.echoes[1].reply('timeout');
      lab.echoes[2].reply('network-unreachable');
      assert.deepEqual(lab.out(), v6 ? ['icmp 1/3', 'icmp 1/0'] : ['icmp 3/1', 'icmp 3/0']);
    });

    it('is bounded while answers are awaited', () => {
      const lab = new Lab({ v6 });
      for (let i = 0; i < ECHOES + 10; i++) lab.device.deliver([echo(v6, pattern(8))]);
      assert.equal(lab.echoes.length, ECHOES);
      assert.equal(lab.stack.counters.dropped['icmp-echoes'], 10);
      lab.wait(60_000);
      lab.device.deliver([echo(v6, pattern(8))]);
      assert.equal(lab.echoes.length, ECHOES + 1);
    });
  });

  describe(`what is not spoken, IPv${v6 ? 6 : 4}`, () => {
    it('another protocol is refused as such', () => {
      const lab = new Lab({ v6 });
      lab.device.deliver([ipPacket(v6, 132, pattern(40))]);
      assert.deepEqual(lab.out(), [v6 ? 'icmp 4/1' : 'icmp 3/2']);
      assert.equal(lab.stack.counters.dropped['unknown-protocol'], 1);
    });

    it('multicast, broadcast and nobody get no answer at all', () => {
      const lab = new Lab({ v6 });
      const there = v6
        ? ['ff02::1', 'ff02::fb', '::', '::1']
        : ['224.0.0.251', '255.255.255.255', '0.0.0.0', '127.0.0.1'];
      for (const destination of there) {
        lab.device.deliver([
          echo(v6, pattern(8), { destination }),
          udp(v6, pattern(8), 7, 5000, { destination }),
          ipPacket(v6, 132, pattern(8), { destination }),
          ipPacket(v6, 132, pattern(8), { source: destination }),
        ]);
      }
      lab.assertNothingSaid();
      assert.deepEqual(lab.stack.counters.dropped, { 'not-unicast': 16 });
      assert.equal(lab.udp.length + lab.echoes.length, 0);
    });

    it('a packet to its own source ("land") would be answered to ourselves, for ever', () => {
      const lab = new Lab({ v6 });
      const source = v6 ? SERVICE6 : SERVICE;
      const syn = tcpPacket(v6, { seq: 0, flags: 'S' });
      const ip = readIp(syn);
      lab.device.deliver([
        echo(v6, pattern(8), { source }),
        udp(v6, pattern(8), 7, 7, { source }),
        ipPacket(v6, PROTOCOL.tcp, syn.slice(ip.payload), { source, checksumOffset: 16 }),
      ]);
      lab.assertNothingSaid();
      assert.deepEqual(lab.stack.counters.dropped, { 'to-itself': 3 });
      assert.equal(lab.udp.length + lab.tcp.length + lab.echoes.length, 0);
    });

    it('ICMP errors, and fragments but the first, are never answered with an error', () => {
      const lab = new Lab({ v6 });
      const message = new Uint8Array(36);
      encodeIcmp(message, 0, v6 ? ICMP6.unreachable : ICMP4.unreachable, 3, 0);
      const packet = ipPacket(v6, v6 ? PROTOCOL.icmp6 : PROTOCOL.icmp, message);
      packet[0] = VNET_FLAG.dataValid;
      lab.device.deliver([packet, fragments(v6, udp(v6, pattern(2000)), 800)[1]]);
      lab.assertNothingSaid();
    });

    it('errors are limited in rate', () => {
      const lab = new Lab({ v6 });
      for (let i = 0; i < ICMP_BURST + 500; i++) lab.device.deliver([ipPacket(v6, 132, pattern(8))]);
      assert.equal(lab.out().length, ICMP_BURST);
      lab.wait(100);
      for (let i = 0; i < 500; i++) lab.device.deliver([ipPacket(v6, 132, pattern(8))]);
      assert.equal(lab.out().length, 100);
    });

    it('wrong checksums are dropped, unless the kernel vouches for them', () => {
      const lab = new Lab({ v6 });
      const wrong = udp(v6, pattern(8));
      wrong[wrong.length - 1] ^= 1;
      const vouched = Uint8Array.from(wrong);
      vouched[0] = VNET_FLAG.dataValid;
      lab.device.deliver([wrong]);
      assert.deepEqual(lab.stack.counters.dropped, { 'udp-checksum': 1 });
      lab.device.deliver([vouched]);
      assert.equal(lab.udp.length, 1);
    });
  });
}

describe('udp flows', () => {
  it('the first fragment says what the datagram is, whichever comes first (RFC 8200)', () => {
    const lab = new Lab({ v6: true });
    const [first, second] = fragments(true, udp(true, pattern(100)), 64);
    // The next header of another fragment may be anything.
    second[VNET_HEADER_LENGTH + 40] = PROTOCOL.none;
    lab.device.deliver([second, first]);
    assert.deepEqual(lab.takeEvents(), ['datagram 100']);
  });

  it('are bounded: a new one takes the place of the one that was used least lately', () => {
    const lab = new Lab();
    const open = (i: number): void => lab.device.deliver([udp(false, pattern(1), 1 + (i & 15), 1024 + (i >> 4))]);
    for (let i = 0; i < 2 * UDP_FLOWS; i++) {
      open(i);
      // The first ten go on.
      if (i >= 10 && i % 1000 === 0) for (let one = 0; one < 10; one++) open(one);
      // An answer that takes its time.
      lab.udp.at(-100)?.send(pattern(1));
    }
    lab.device.take();
    assert.equal(lab.stack.counters.udpFlows, UDP_FLOWS);
    assert.equal(lab.stack.counters.dropped['udp-flows'], UDP_FLOWS);
    assert.equal(lab.takeEvents().filter((event) => event === 'udp closed').length, UDP_FLOWS);
    assert.equal(lab.udp.length, 2 * UDP_FLOWS);
    lab.wait(UDP_IDLE_MS);
    assert.equal(lab.stack.counters.udpFlows, 0);
    assert.equal(lab.stack.nextWakeup(), null);
  });

  it('may be closed or refused while the first datagram is being delivered', () => {
    const lab = new Lab({ handler: { udp: (flow) => flow.refuse('refused') } });
    lab.device.deliver([udp(false, pattern(1))]);
    assert.deepEqual(lab.out(), ['icmp 3/3']);
    assert.equal(lab.stack.nextWakeup(), null);
  });

  it('a datagram that no packet can carry is dropped', () => {
    const lab = new Lab();
    lab.device.deliver([udp(false, pattern(1))]);
    lab.udp[0].send(new Uint8Array(65_508));
    lab.assertNothingSaid();
    assert.equal(lab.stack.counters.dropped['udp-oversized'], 1);
  });
});
