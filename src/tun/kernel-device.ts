/**
 * The kernel's TUN as a `TunDevice`: the addon's batched reader and gathered writer over a descriptor.
 *
 * The descriptor was opened elsewhere (`src/machine/linux/tun.ts`), with a vnet header of 10 bytes and offloads on, and stays
 * its owner's.
 */
import { getSystemErrorName } from 'node:util';
import { type Addon, type PacketReader, loadAddon } from '../native/addon.ts';
import { type PacketBatch, type TunDevice, VNET_HEADER_LENGTH } from './device.ts';

/** Packets per wake-up at most: bounds how long one batch keeps the loop from everything else. */
const BATCH = 64;

/** Room for the largest packet, its vnet header and the alignment of the next one. */
const SLOT = (VNET_HEADER_LENGTH + 65535 + 15) & ~15;

/** vnet header, IPv6 header, TCP header with all its options, and as much again for extension headers. */
const HEADER_ROOM = 256;

export class KernelDevice implements TunDevice {
  readonly mtu: number;
  readonly header = new Uint8Array(HEADER_ROOM);
  onPackets: (batch: PacketBatch) => void = () => {};
  /** The interface is gone (deleted, or its namespace ended); the errno's name.  Nothing is read any more. */
  onGone: (errno: string) => void = () => {};

  readonly #fd: number;
  readonly #addon: Addon;
  readonly #reader: PacketReader;
  readonly #batch = {
    slab: new Uint8Array(BATCH * SLOT),
    count: 0,
    offsets: new Int32Array(BATCH),
    lengths: new Int32Array(BATCH),
  };

  /** Reads from now on; set `onPackets` before the loop turns. */
  constructor(fd: number, mtu: number) {
    this.mtu = mtu;
    this.#fd = fd;
    this.#addon = loadAddon();
    const { slab, offsets, lengths } = this.#batch;
    this.#reader = this.#addon.openReader(fd, slab, offsets, lengths, (count) => this.#receive(count));
  }

  send(
    headerLength: number,
    chunks: readonly Uint8Array[],
    chunkIndex: number,
    chunkOffset: number,
    payloadLength: number,
  ): number {
    return this.#addon.send(this.#fd, this.header, headerLength, chunks, chunkIndex, chunkOffset, payloadLength);
  }

  /** Packets wait in the kernel's queue meanwhile. */
  pause(): void {
    this.#addon.pauseReader(this.#reader);
  }

  resume(): void {
    this.#addon.resumeReader(this.#reader);
  }

  close(): void {
    this.#addon.closeReader(this.#reader);
  }

  #receive(count: number): void {
    if (count < 0) {
      this.onGone(getSystemErrorName(count));
      return;
    }
    this.#batch.count = count;
    this.onPackets(this.#batch);
  }
}
