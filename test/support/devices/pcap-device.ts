/**
 * A device that writes down what passes, as a pcap stream that Wireshark opens.
 *
 * Format: draft-ietf-opsawg-pcap, link type 101 (raw IP).  The vnet header is left out, so super-segments and
 * checksums that were never computed stand there as the stack sees them.
 */
import { VNET_HEADER_LENGTH, type PacketBatch, type TunDevice } from '../../../src/tun/device.ts';
import { joinPacket } from './memory-device.ts';

const MAGIC = 0xa1b2c3d4;
const LINK_TYPE_RAW = 101;
/** The longest IP packet. */
const SNAP_LENGTH = 65_535;
const RECORD_HEADER_LENGTH = 16;

export class PcapDevice implements TunDevice {
  readonly mtu: number;
  readonly header: Uint8Array;
  onPackets: (batch: PacketBatch) => void = () => undefined;
  readonly #inner: TunDevice;
  readonly #write: (bytes: Uint8Array) => void;
  readonly #now: () => number;

  /** `write` gets the file's bytes piece by piece; `now` is ms since 1970. */
  constructor(inner: TunDevice, write: (bytes: Uint8Array) => void, now: () => number) {
    this.#inner = inner;
    this.#write = write;
    this.#now = now;
    this.mtu = inner.mtu;
    this.header = inner.header;
    inner.onPackets = (batch) => this.#receive(batch);
    write(fileHeader());
  }

  send(
    headerLength: number,
    chunks: readonly Uint8Array[],
    chunkIndex: number,
    chunkOffset: number,
    payloadLength: number,
  ): number {
    const packet = joinPacket(this.header, headerLength, chunks, chunkIndex, chunkOffset, payloadLength);
    this.#record(packet.subarray(VNET_HEADER_LENGTH));
    return this.#inner.send(headerLength, chunks, chunkIndex, chunkOffset, payloadLength);
  }

  close(): void {
    this.#inner.close();
  }

  #receive(batch: PacketBatch): void {
    for (let i = 0; i < batch.count; i++) {
      const start = batch.offsets[i];
      this.#record(batch.slab.subarray(start + VNET_HEADER_LENGTH, start + batch.lengths[i]));
    }
    this.onPackets(batch);
  }

  #record(packet: Uint8Array): void {
    const record = new Uint8Array(RECORD_HEADER_LENGTH + packet.length);
    const view = new DataView(record.buffer);
    const now = this.#now();
    view.setUint32(0, Math.floor(now / 1000), true);
    view.setUint32(4, Math.floor((now % 1000) * 1000), true);
    view.setUint32(8, packet.length, true);
    view.setUint32(12, packet.length, true);
    record.set(packet, RECORD_HEADER_LENGTH);
    this.#write(record);
  }
}

function fileHeader(): Uint8Array {
  const header = new Uint8Array(24);
  const view = new DataView(header.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint16(4, 2, true);
  view.setUint16(6, 4, true);
  view.setUint32(16, SNAP_LENGTH, true);
  view.setUint32(20, LINK_TYPE_RAW, true);
  return header;
}
