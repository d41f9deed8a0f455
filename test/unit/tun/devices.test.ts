import assert from 'node:assert/strict';
import fc from 'fast-check';
import { FaultDevice, type Faults } from '../../support/devices/fault-device.ts';
import { MemoryDevice } from '../../support/devices/memory-device.ts';
import { PcapDevice } from '../../support/devices/pcap-device.ts';
import type { TunDevice } from '../../../src/tun/device.ts';
import { seeded } from '../stack/support/simulation.ts';

const NONE: Faults = { loss: 0, duplication: 0, reordering: 0, corruption: 0 };
const packets = fc.array(fc.uint8Array({ minLength: 10, maxLength: 80 }), { minLength: 1, maxLength: 20 });

/** What comes out of `device`, copied. */
function listen(device: TunDevice): Uint8Array[] {
  const got: Uint8Array[] = [];
  device.onPackets = ({ slab, count, offsets, lengths }) => {
    for (let i = 0; i < count; i++) got.push(slab.slice(offsets[i], offsets[i] + lengths[i]));
  };
  return got;
}

/** Sends a packet whose first ten bytes are the header, in chunks of three with something before them. */
function send(device: TunDevice, packet: Uint8Array): number {
  device.header.set(packet.subarray(0, 10));
  const chunks = [Uint8Array.of(9, 9)];
  for (let at = 10; at < packet.length; at += 3) chunks.push(packet.slice(at, at + 3));
  chunks[1] = Buffer.concat([Uint8Array.of(7), chunks[1] ?? new Uint8Array(0)]);
  return device.send(10, chunks, 1, 1, packet.length - 10);
}

describe('tun: in-memory device', () => {
  it('hands over what it is given, both ways', () => {
    fc.assert(
      fc.property(packets, (list) => {
        const device = new MemoryDevice(1500);
        const got = listen(device);
        device.deliver(list);
        for (const packet of list) assert.equal(send(device, packet), 0);
        assert.deepEqual(got, list);
        assert.deepEqual(device.take(), list);
        assert.deepEqual(device.take(), []);
      }),
    );
  });

  it('is silent once closed, and refuses chunks that are too short', () => {
    const device = new MemoryDevice(1500);
    const got = listen(device);
    device.close();
    device.deliver([new Uint8Array(20)]);
    assert.deepEqual(got, []);
    assert.throws(() => device.send(10, [new Uint8Array(3)], 0, 0, 4), RangeError);
  });
});

describe('tun: pcap device', () => {
  it('writes both directions as raw IP, and passes them on', () => {
    const inner = new MemoryDevice(1500);
    const written: Uint8Array[] = [];
    const device = new PcapDevice(
      inner,
      (bytes) => written.push(bytes),
      () => 1_700_000_000_123.5,
    );
    const got = listen(device);
    const one = Uint8Array.from({ length: 30 }, (_, i) => i);
    const two = Uint8Array.from({ length: 25 }, (_, i) => 100 + i);
    inner.deliver([one]);
    send(device, two);
    assert.deepEqual(got, [one]);
    assert.deepEqual(inner.take(), [two]);
    const file = Buffer.concat(written);
    assert.equal(file.readUInt32LE(0), 0xa1b2c3d4);
    assert.equal(file.readUInt32LE(20), 101);
    assert.deepEqual(
      [file.readUInt32LE(24), file.readUInt32LE(28), file.readUInt32LE(32)],
      [1_700_000_000, 123_500, 20],
    );
    assert.deepEqual(Uint8Array.from(file.subarray(40, 60)), one.subarray(10));
    assert.deepEqual(Uint8Array.from(file.subarray(76)), two.subarray(10));
  });
});

describe('tun: fault device', () => {
  it('without faults changes nothing', () => {
    fc.assert(
      fc.property(packets, (list) => {
        const inner = new MemoryDevice(1500);
        const device = new FaultDevice(inner, { in: NONE, out: NONE }, seeded(1));
        const got = listen(device);
        inner.deliver(list);
        for (const packet of list) send(device, packet);
        assert.deepEqual(got, list);
        assert.deepEqual(inner.take(), list);
      }),
    );
  });

  it('loses, repeats, swaps and spoils as often as it is told', () => {
    const run = (faults: Partial<Faults>): number[] => {
      const inner = new MemoryDevice(1500);
      const device = new FaultDevice(inner, { in: NONE, out: { ...NONE, ...faults } }, seeded(7));
      for (let i = 0; i < 2000; i++)
        send(
          device,
          Uint8Array.from({ length: 14 }, (_, at) => (at < 12 ? 0 : i >> (8 * (at - 12)))),
        );
      return inner.take().map((packet) => packet[12] | (packet[13] << 8));
    };
    const lost = run({ loss: 0.1 });
    assert.ok(lost.length > 1740 && lost.length < 1860, String(lost.length));
    const repeated = run({ duplication: 0.1 });
    assert.ok(repeated.length > 2140 && repeated.length < 2260, String(repeated.length));
    const swapped = run({ reordering: 0.1 });
    const early = swapped.filter((value, i) => value > (swapped[i + 1] ?? Infinity)).length;
    assert.ok(early > 120 && early < 260, String(early));
    assert.deepEqual(new Set(swapped).size, swapped.length);
    const spoiled = run({ corruption: 1 }).filter((value, i) => value !== i).length;
    assert.ok(spoiled > 800 && spoiled < 1200, String(spoiled));
  });
});
