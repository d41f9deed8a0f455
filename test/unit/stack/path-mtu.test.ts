import assert from 'node:assert/strict';
import { ICMP4, ICMP6, PROTOCOL, VNET_FLAG, encodeIcmp, encodeUdp, read16 } from '../../../src/packet/index.ts';
import type { TcpFlow } from '../../../src/stack/index.ts';
import { PATH_AGE, PATH_MTU_MIN_V4, PATH_MTU_MIN_V6 } from '../../../src/stack/limits.ts';
import { Lab, ipPacket, readIp, readTcp } from './support/lab.ts';

for (const v6 of [false, true]) {
  const ipLength = v6 ? 40 : 20;

  /** What a router says about a packet of the stack, with as much of it as every router quotes. */
  function tooBig(packet: Uint8Array, mtu: number): Uint8Array {
    const quote = packet.subarray(readIp(packet).start).subarray(0, ipLength + 8);
    const message = new Uint8Array(8 + quote.length);
    if (v6) encodeIcmp(message, 0, ICMP6.tooBig, 0, mtu);
    else encodeIcmp(message, 0, ICMP4.unreachable, ICMP4.code.tooBig, mtu);
    message.set(quote, 8);
    const report = ipPacket(v6, v6 ? PROTOCOL.icmp6 : PROTOCOL.icmp, message, {
      checksumOffset: 2,
      source: v6 ? 'fd00:2::1' : '198.18.0.254',
    });
    report[0] = VNET_FLAG.dataValid;
    return report;
  }

  function gsoSize(packet: Uint8Array): number {
    return packet[4] | (packet[5] << 8);
  }

  function datagram(lab: Lab, length: number, sourcePort = 5000): void {
    const bytes = new Uint8Array(9);
    encodeUdp(bytes, 0, sourcePort, 7, 1, 0);
    lab.device.deliver([ipPacket(v6, PROTOCOL.udp, bytes, { checksumOffset: 6 })]);
    lab.udp.at(-1)!.send(new Uint8Array(length));
  }

  describe(`a client behind a narrower link, IPv${v6 ? 6 : 4}`, () => {
    it('gets what was too long again at once, in segments that fit; its next flow begins with those', () => {
      const lab = new Lab({ v6 });
      lab.establish().send(new Uint8Array(20_000));
      lab.flush();
      const [lost] = lab.device.take();
      assert.equal(gsoSize(lost), 1500 - ipLength - 20);
      lab.device.deliver([tooBig(lost, 1400)]);
      const [again] = lab.device.take();
      assert.equal(gsoSize(again), 1400 - ipLength - 20);
      assert.equal(readTcp(again).seq, readTcp(lost).seq);
      assert.equal(readTcp(again).payloadLength, 20_000);
      lab.segment({ seq: 1, ack: 20_001 });
      lab.establish(65_536, true, { sourcePort: 50_000 }).send(new Uint8Array(20_000));
      lab.flush();
      assert.equal(gsoSize(lab.device.take()[0]), 1400 - ipLength - 20);
    });

    it('is found out in time when its link is wide again, by flows that live on and by new ones', () => {
      const lab = new Lab({ v6 });
      const flow = lab.establish();
      flow.send(new Uint8Array(20_000));
      lab.flush();
      lab.device.deliver([tooBig(lab.device.take()[0], 1400)]);
      lab.device.take();
      lab.segment({ seq: 1, ack: 20_001 });
      const sizeNow = (from: TcpFlow): number => {
        from.send(new Uint8Array(20_000));
        lab.flush();
        return gsoSize(lab.device.take()[0]);
      };
      lab.time += PATH_AGE - 1;
      lab.stack.poll(lab.time);
      assert.equal(sizeNow(flow), 1400 - ipLength - 20);
      lab.segment({ seq: 1, ack: 40_001 });
      lab.time += 1;
      assert.ok((lab.stack.nextWakeup() ?? Infinity) <= lab.time);
      lab.stack.poll(lab.time);
      assert.equal(sizeNow(flow), 1500 - ipLength - 20);
      assert.equal(sizeNow(lab.establish(65_536, true, { sourcePort: 50_000 })), 1500 - ipLength - 20);
    });

    it('that drops what is too long and says nothing is found out by smaller segments, for all its flows', () => {
      const lab = new Lab({ v6 });
      lab.establish().send(new Uint8Array(20_000));
      lab.flush();
      const sizes: number[] = [];
      for (let i = 0; i < 9; i++) {
        sizes.push(...lab.device.take().map(gsoSize));
        lab.time = lab.stack.nextWakeup()!;
        lab.stack.poll(lab.time);
        lab.flush();
      }
      const full = 1500 - ipLength - 20;
      const least = (v6 ? PATH_MTU_MIN_V6 : PATH_MTU_MIN_V4) - ipLength - 20;
      assert.deepEqual(sizes, [
        ...Array(5).fill(full),
        ...(v6 ? [] : [750 - ipLength - 20]),
        ...Array(v6 ? 4 : 3).fill(least),
      ]);
      lab.segment({ seq: 1, ack: 20_001 });
      lab.device.take();
      lab.establish(65_536, true, { sourcePort: 50_000 }).send(new Uint8Array(20_000));
      lab.flush();
      assert.equal(gsoSize(lab.device.take()[0]), least);
    });

    it('that is only away for a while, or whose segments are small, is not taken for one', () => {
      const lab = new Lab({ v6 });
      lab.establish().send(new Uint8Array(20_000));
      lab.flush();
      for (let i = 0; i < 4; i++) {
        lab.time = lab.stack.nextWakeup()!;
        lab.stack.poll(lab.time);
      }
      lab.segment({ seq: 1, ack: 20_001 });
      lab.flow.send(new Uint8Array(500));
      lab.flush();
      for (let i = 0; i < 8; i++) {
        lab.time = lab.stack.nextWakeup()!;
        lab.stack.poll(lab.time);
      }
      lab.segment({ seq: 1, ack: 20_501 });
      lab.device.take();
      lab.flow.send(new Uint8Array(20_000));
      lab.flush();
      assert.equal(gsoSize(lab.device.take()[0]), 1500 - ipLength - 20);
    });

    it('a report about what is not on its way, or for no flow, changes nothing', () => {
      const lab = new Lab({ v6 });
      lab.establish().send(new Uint8Array(20_000));
      lab.flush();
      const [lost] = lab.device.take();
      lab.segment({ seq: 1, ack: 20_001 });
      lab.device.deliver([tooBig(lost, 1400)]);
      lab.flow.reset();
      lab.device.take();
      lab.device.deliver([tooBig(lost, 1400)]);
      lab.assertNothingSaid();
      lab.establish(65_536, true, { sourcePort: 50_000 }).send(new Uint8Array(20_000));
      lab.flush();
      assert.equal(gsoSize(lab.device.take()[0]), 1500 - ipLength - 20);
    });

    it('no report makes segments smaller than any link has to carry', () => {
      const lab = new Lab({ v6 });
      lab.establish().send(new Uint8Array(20_000));
      lab.flush();
      lab.device.deliver([tooBig(lab.device.take()[0], 0)]);
      assert.equal(gsoSize(lab.device.take()[0]), (v6 ? PATH_MTU_MIN_V6 : PATH_MTU_MIN_V4) - ipLength - 20);
    });

    it('gets its datagrams in fragments that fit', () => {
      const lab = new Lab({ v6 });
      const largest = 1500 - ipLength - 8;
      datagram(lab, largest);
      const [whole, ...others] = lab.device.take();
      assert.deepEqual(others, []);
      // Where routers may cut, none has to tell: no "don't fragment", and an identification of its own.
      const at = readIp(whole).start;
      if (!v6) assert.deepEqual([read16(whole, at + 6), read16(whole, at + 4)], [0, 1]);
      lab.device.deliver([tooBig(whole, 1400)]);
      datagram(lab, largest, 5001);
      const fragments = lab.device.take();
      assert.equal(fragments.length, 2);
      for (const fragment of fragments) assert.ok(readIp(fragment).end - readIp(fragment).start <= 1400);
    });
  });
}
