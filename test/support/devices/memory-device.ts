/**
 * The in-memory twin of the kernel's TUN: `deliver` plays the kernel that hands packets out, `sent` is what it got.
 *
 * Packets carry their vnet header both ways, as on the real device.
 */
import { HEADER_CAPACITY, type PacketBatch, type TunDevice } from '../../../src/tun/device.ts';

/** Where sent packets go; the default keeps a copy of each in `sent`. */
export type PacketSink = (
  header: Uint8Array,
  headerLength: number,
  chunks: readonly Uint8Array[],
  chunkIndex: number,
  chunkOffset: number,
  payloadLength: number,
) => number;

export class MemoryDevice implements TunDevice {
  readonly mtu: number;
  readonly header = new Uint8Array(HEADER_CAPACITY);
  onPackets: (batch: PacketBatch) => void = () => undefined;
  /** Copies of the packets sent since the last `take`. */
  sent: Uint8Array[] = [];
  isClosed = false;
  readonly #sink: PacketSink;

  constructor(mtu: number, sink?: PacketSink) {
    this.mtu = mtu;
    this.#sink =
      sink ??
      ((...packet) => {
        this.sent.push(joinPacket(...packet));
        return 0;
      });
  }

  send(
    headerLength: number,
    chunks: readonly Uint8Array[],
    chunkIndex: number,
    chunkOffset: number,
    payloadLength: number,
  ): number {
    return this.#sink(this.header, headerLength, chunks, chunkIndex, chunkOffset, payloadLength);
  }

  close(): void {
    this.isClosed = true;
  }

  /** One wake-up with these packets. */
  deliver(packets: readonly Uint8Array[]): void {
    if (!this.isClosed) this.onPackets(batchOf(packets));
  }

  /** What was sent since the last call. */
  take(): Uint8Array[] {
    const { sent } = this;
    this.sent = [];
    return sent;
  }
}

/** The packet that a `send` describes, in one piece. */
export function joinPacket(
  ...[header, headerLength, chunks, index, offset, length]: Parameters<PacketSink>
): Uint8Array {
  const packet = new Uint8Array(headerLength + length);
  packet.set(header.subarray(0, headerLength));
  let at = headerLength;
  let skip = offset;
  for (let i = index; at < packet.length; i++) {
    const chunk = chunks[i];
    if (chunk === undefined) throw new RangeError('the chunks hold less than payloadLength');
    const piece = chunk.subarray(skip, skip + packet.length - at);
    packet.set(piece, at);
    at += piece.length;
    skip = 0;
  }
  return packet;
}

/** Packets as the device hands them out: one behind the other. */
export function batchOf(packets: readonly Uint8Array[]): PacketBatch {
  const lengths = Int32Array.from(packets, (packet) => packet.length);
  const offsets = new Int32Array(packets.length);
  let total = 0;
  for (const [i, packet] of packets.entries()) {
    offsets[i] = total;
    total += packet.length;
  }
  const slab = new Uint8Array(total);
  for (const [i, packet] of packets.entries()) slab.set(packet, offsets[i]);
  return { slab, count: packets.length, offsets, lengths };
}
