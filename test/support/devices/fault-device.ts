/**
 * A device that loses, repeats, swaps and spoils packets, both ways, as often as it is told: for tests.
 */
import { VNET_HEADER_LENGTH, type PacketBatch, type TunDevice } from '../../../src/tun/device.ts';
import { batchOf, joinPacket } from './memory-device.ts';

/** Probabilities per packet, from 0 to 1. */
export interface Faults {
  readonly loss: number;
  readonly duplication: number;
  /** The packet comes after the next one of its direction. */
  readonly reordering: number;
  /** One bit of the IP packet is turned over. */
  readonly corruption: number;
}

export class FaultDevice implements TunDevice {
  readonly mtu: number;
  readonly header: Uint8Array;
  onPackets: (batch: PacketBatch) => void = () => undefined;
  readonly #inner: TunDevice;
  readonly #in: Spoiler;
  readonly #out: Spoiler;

  /** `random` as `Math.random`; a seeded one makes a run repeatable. */
  constructor(inner: TunDevice, faults: { readonly in: Faults; readonly out: Faults }, random: () => number) {
    this.#inner = inner;
    this.mtu = inner.mtu;
    this.header = inner.header;
    this.#in = new Spoiler(faults.in, random);
    this.#out = new Spoiler(faults.out, random);
    inner.onPackets = (batch) => this.#receive(batch);
  }

  send(
    headerLength: number,
    chunks: readonly Uint8Array[],
    chunkIndex: number,
    chunkOffset: number,
    payloadLength: number,
  ): number {
    const packet = joinPacket(this.header, headerLength, chunks, chunkIndex, chunkOffset, payloadLength);
    let errno = 0;
    for (const spoiled of this.#out.pass(packet)) {
      // One that comes late may be shorter than this one's header.
      const own = Math.min(headerLength, spoiled.length);
      this.header.set(spoiled.subarray(0, own));
      errno = this.#inner.send(own, [spoiled], 0, own, spoiled.length - own) || errno;
    }
    return errno;
  }

  close(): void {
    this.#inner.close();
  }

  #receive(batch: PacketBatch): void {
    const packets: Uint8Array[] = [];
    for (let i = 0; i < batch.count; i++) {
      const start = batch.offsets[i];
      packets.push(...this.#in.pass(batch.slab.slice(start, start + batch.lengths[i])));
    }
    if (packets.length > 0) this.onPackets(batchOf(packets));
  }
}

/** What becomes of the packets of one direction. */
class Spoiler {
  readonly #faults: Faults;
  readonly #random: () => number;
  #late: Uint8Array | null = null;

  constructor(faults: Faults, random: () => number) {
    this.#faults = faults;
    this.#random = random;
  }

  pass(packet: Uint8Array): Uint8Array[] {
    const { loss, duplication, reordering, corruption } = this.#faults;
    const passed: Uint8Array[] = [];
    if (this.#random() >= loss) {
      if (this.#random() < corruption) this.#corrupt(packet);
      passed.push(packet);
      if (this.#random() < duplication) passed.push(packet);
    }
    const late = this.#late;
    this.#late = null;
    if (passed.length > 0 && late === null && this.#random() < reordering) this.#late = passed.pop()!;
    if (late !== null) passed.push(late);
    return passed;
  }

  #corrupt(packet: Uint8Array): void {
    const at = VNET_HEADER_LENGTH + Math.floor(this.#random() * (packet.length - VNET_HEADER_LENGTH));
    packet[at] ^= 1 << Math.floor(this.#random() * 8);
  }
}
