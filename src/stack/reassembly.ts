/**
 * IP fragments put together: RFC 791 section 3.2, RFC 8200 section 4.5.
 *
 * A datagram whose fragments overlap is dropped as a whole (RFC 5722), an exact repetition of a fragment is ignored.
 * The result is a packet without fragmentation, to be looked at like any other.
 */
import {
  IPV4_HEADER_LENGTH,
  IPV6_HEADER_LENGTH,
  encodeIpv4,
  encodeIpv6,
  read32,
  type IpView,
} from '../packet/index.ts';
import { Timed, type Deadlines } from './deadlines.ts';
import type { StackCounters } from './flow.ts';
import { REASSEMBLIES, REASSEMBLY_PATIENCE } from './limits.ts';
import { countDrop } from './packet-writer.ts';

const PAYLOAD_MAX = 65_535;

export class Reassembly {
  readonly #deadlines: Deadlines;
  readonly #counters: StackCounters;
  /** By a hash of what identifies a datagram, oldest first; two with the same hash are never held at once. */
  readonly #assemblies = new Map<number, Assembly>();

  constructor(deadlines: Deadlines, counters: StackCounters) {
    this.#deadlines = deadlines;
    this.#counters = counters;
  }

  /** Takes one fragment (copied).  Returns the whole packet when this was the last one missing, else null. */
  add(bytes: Uint8Array, ip: IpView, now: number): Uint8Array | null {
    const key = keyOf(bytes, ip);
    let assembly = this.#assemblies.get(key);
    if (assembly === undefined || !assembly.isSame(bytes, ip)) {
      if (assembly !== undefined) this.#drop(assembly, 'fragment-evicted');
      if (this.#assemblies.size >= REASSEMBLIES) this.#dropOldest();
      assembly = new Assembly(key, bytes, ip, (late) => this.#drop(late, 'fragment-timeout'));
      this.#assemblies.set(key, assembly);
      this.#deadlines.set(assembly, now + REASSEMBLY_PATIENCE);
    }
    const reason = assembly.put(bytes, ip);
    if (reason !== null) {
      this.#drop(assembly, reason);
      return null;
    }
    if (!assembly.isComplete) return null;
    this.#forget(assembly);
    return assembly.packet();
  }

  #dropOldest(): void {
    for (const oldest of this.#assemblies.values()) {
      this.#drop(oldest, 'fragment-evicted');
      return;
    }
  }

  #drop(assembly: Assembly, reason: string): void {
    countDrop(this.#counters, reason);
    this.#forget(assembly);
  }

  #forget(assembly: Assembly): void {
    this.#assemblies.delete(assembly.key);
    this.#deadlines.remove(assembly);
  }
}

/** One datagram on its way. */
class Assembly extends Timed {
  readonly key: number;
  readonly #addresses: Uint8Array;
  #protocol: number;
  readonly #id: number;
  readonly #onLate: (assembly: Assembly) => void;
  readonly #headerLength: number;
  /** The packet to be: a header, and the payload as far as it has come. */
  readonly #packet: Uint8Array;
  /** What has come, in order: start and end of each fragment. */
  readonly #spans: [number, number][] = [];
  #received = 0;
  /** Known with the last fragment; -1 before. */
  #total = -1;

  constructor(key: number, bytes: Uint8Array, ip: IpView, onLate: (assembly: Assembly) => void) {
    super();
    this.key = key;
    this.#addresses = bytes.slice(ip.addresses, ip.addresses + ip.addressesLength);
    this.#protocol = ip.protocol;
    this.#id = ip.fragmentId;
    this.#onLate = onLate;
    this.#headerLength = ip.addressesLength === 8 ? IPV4_HEADER_LENGTH : IPV6_HEADER_LENGTH;
    this.#packet = new Uint8Array(this.#headerLength + PAYLOAD_MAX);
  }

  isSame(bytes: Uint8Array, ip: IpView): boolean {
    if (this.#id !== ip.fragmentId || this.#addresses.length !== ip.addressesLength) return false;
    // RFC 8200: the next header may differ between fragments, only the first one's counts; in IPv4 it identifies.
    if (ip.addressesLength === 8 && this.#protocol !== ip.protocol) return false;
    return this.#addresses.every((byte, i) => byte === bytes[ip.addresses + i]);
  }

  /** null, or why the datagram cannot be. */
  put(bytes: Uint8Array, ip: IpView): string | null {
    const start = ip.fragmentOffset;
    const end = start + ip.payloadLength;
    if (ip.payloadLength === 0 || (ip.moreFragments && (ip.payloadLength & 7) !== 0)) return 'fragment-length';
    if (end > PAYLOAD_MAX - (ip.addressesLength === 8 ? IPV4_HEADER_LENGTH : 0)) return 'fragment-length';
    if (this.#spans.some(([from, to]) => from === start && to === end)) return null;
    if (this.#spans.some(([from, to]) => from < end && start < to)) return 'fragment-overlap';
    if (!ip.moreFragments) {
      if (this.#total >= 0) return 'fragment-overlap';
      this.#total = end;
    }
    if (this.#total >= 0 && (end > this.#total || this.#spans.some(([, to]) => to > this.#total))) {
      return 'fragment-overlap';
    }
    if (start === 0) this.#protocol = ip.protocol;
    this.#spans.push([start, end]);
    this.#received += end - start;
    this.#packet.set(bytes.subarray(ip.payload, ip.payload + ip.payloadLength), this.#headerLength + start);
    return null;
  }

  get isComplete(): boolean {
    return this.#received === this.#total;
  }

  packet(): Uint8Array {
    const packet = this.#packet.subarray(0, this.#headerLength + this.#total);
    packet.set(this.#addresses, this.#headerLength - this.#addresses.length);
    if (this.#addresses.length === 8) encodeIpv4(packet, 0, this.#protocol, this.#total, null);
    else encodeIpv6(packet, 0, this.#protocol, this.#total);
    return packet;
  }

  override expire(): void {
    this.#onLate(this);
  }
}

function keyOf(bytes: Uint8Array, ip: IpView): number {
  let mixed = ip.fragmentId;
  for (let i = ip.addresses; i < ip.addresses + ip.addressesLength; i += 4) {
    mixed = Math.imul(mixed ^ read32(bytes, i), 0x9e3779b1);
  }
  return mixed & 0x3fffffff;
}
