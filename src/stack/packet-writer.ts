/**
 * Builds the packets that go to the program: from a flow's destination to its source.
 *
 * Headers are written into the device's scratch memory, payload is passed on by reference.  Whole TCP segments and
 * datagrams leave with `needsChecksum`: the kernel takes a local packet like that without ever summing it up.
 */
import {
  FRAGMENT_HEADER_LENGTH,
  GSO,
  ICMP_HEADER_LENGTH,
  IPV4_HEADER_LENGTH,
  IPV6_HEADER_LENGTH,
  PROTOCOL,
  TCP_HEADER_LENGTH,
  UDP_HEADER_LENGTH,
  VNET_FLAG,
  VNET_HEADER_LENGTH,
  encodeFragmentHeader,
  encodeIcmp,
  encodeIpv4,
  encodeIpv6,
  encodeTcp,
  encodeUdp,
  encodeVnet,
  finishSum,
  pseudoHeaderSum,
  sumBytes,
  write16,
} from '../packet/index.ts';
import type { TunDevice } from '../tun/device.ts';
import type { Deadlines } from './deadlines.ts';
import type { StackCounters } from './flow.ts';
import type { Tuple } from './flow-table.ts';
import { PathMtu } from './path-mtu.ts';

/** UDP's and ICMP's header, the only ones that are ever fragmented, have the same length. */
const DATAGRAM_HEADER_LENGTH = UDP_HEADER_LENGTH;
const IP_TOTAL_MAX = 65_535;
const IP_AT = VNET_HEADER_LENGTH;
const NOTHING: readonly Uint8Array[] = [];

type Fragment = Parameters<typeof encodeIpv4>[4];

export class PacketWriter {
  readonly paths: PathMtu;
  readonly #device: TunDevice;
  readonly #counters: StackCounters;
  /** Header of the datagram being written, before it is known where it goes. */
  readonly #transport = new Uint8Array(DATAGRAM_HEADER_LENGTH);
  /** RFC 6864: unique per datagram that is, or may yet be, fragmented. */
  #fragmentId = 0;
  /** A datagram that fits: a router with a narrower link may cut it (IPv4). */
  readonly #uncut = { id: 0, offset: 0, more: false };

  constructor(device: TunDevice, counters: StackCounters, deadlines: Deadlines) {
    this.#device = device;
    this.#counters = counters;
    this.paths = new PathMtu(device.mtu, deadlines);
  }

  /** The MSS that fits the client's path: towards us, and what we send at most. */
  mss(addresses: Uint8Array): number {
    return this.paths.get(addresses) - PacketWriter.tcpHeaders(addresses);
  }

  /** Bytes of a packet beside a TCP segment's payload. */
  static tcpHeaders(addresses: Uint8Array): number {
    return ipLength(addresses) + TCP_HEADER_LENGTH;
  }

  /** The most payload of one super-segment. */
  static superSegment(addresses: Uint8Array): number {
    return IP_TOTAL_MAX - PacketWriter.tcpHeaders(addresses);
  }

  /** One segment, or one super-segment that falls apart at `mss`. */
  tcp(
    tuple: Tuple,
    seq: number,
    ack: number,
    flags: number,
    window: number,
    options: Uint8Array,
    mss: number,
    chunks: readonly Uint8Array[],
    index: number,
    offset: number,
    length: number,
  ): void {
    const header = this.#device.header;
    const isV6 = tuple.addresses.length === 32;
    const transport = IP_AT + ipLength(tuple.addresses);
    const headerLength = TCP_HEADER_LENGTH + options.length;
    const addresses = this.#putIp(tuple.addresses, PROTOCOL.tcp, headerLength + length, null);
    encodeTcp(header, transport, tuple.destinationPort, tuple.sourcePort, seq, ack, flags, window, options);
    const sum = pseudoHeaderSum(header, addresses, tuple.addresses.length, PROTOCOL.tcp, headerLength + length);
    write16(header, transport + 16, sum);
    const isSuper = length > mss;
    encodeVnet(
      header,
      VNET_FLAG.needsChecksum,
      isSuper ? (isV6 ? GSO.tcp6 : GSO.tcp4) : GSO.none,
      transport - IP_AT + headerLength,
      isSuper ? mss : 0,
      transport - IP_AT,
      16,
    );
    this.#send(transport + headerLength, chunks, index, offset, length);
  }

  /** One datagram, in fragments where the MTU asks for it. */
  udp(tuple: Tuple, payload: Uint8Array): void {
    const { addresses, sourcePort, destinationPort } = tuple;
    const length = UDP_HEADER_LENGTH + payload.length;
    encodeUdp(this.#transport, 0, destinationPort, sourcePort, payload.length, 0);
    // The sum of the pseudo-header is the same with source and destination swapped.
    const pseudo = pseudoHeaderSum(addresses, 0, addresses.length, PROTOCOL.udp, length);
    if (ipLength(addresses) + length <= this.paths.get(addresses)) {
      write16(this.#transport, 6, pseudo);
      this.#whole(addresses, PROTOCOL.udp, payload, 6);
      return;
    }
    const sum = finishSum(
      sumBytes(payload, 0, payload.length, sumBytes(this.#transport, 0, UDP_HEADER_LENGTH, pseudo)),
    );
    // RFC 768: zero would say that there is no checksum.
    write16(this.#transport, 6, sum === 0 ? 0xffff : sum);
    this.#fragments(addresses, PROTOCOL.udp, payload);
  }

  /** One ICMP message; `addresses` as in the packet that it answers. */
  icmp(addresses: Uint8Array, type: number, code: number, rest: number, payload: Uint8Array): void {
    const isV6 = addresses.length === 32;
    const length = ICMP_HEADER_LENGTH + payload.length;
    const protocol = isV6 ? PROTOCOL.icmp6 : PROTOCOL.icmp;
    encodeIcmp(this.#transport, 0, type, code, rest);
    const pseudo = isV6 ? pseudoHeaderSum(addresses, 0, addresses.length, protocol, length) : 0;
    const sum = sumBytes(payload, 0, payload.length, sumBytes(this.#transport, 0, ICMP_HEADER_LENGTH, pseudo));
    write16(this.#transport, 2, finishSum(sum));
    if (ipLength(addresses) + length <= this.paths.get(addresses)) this.#whole(addresses, protocol, payload, null);
    else this.#fragments(addresses, protocol, payload);
  }

  /** `checksumOffset`: where the pseudo-header's sum waits to be completed; null: the checksum is complete. */
  #whole(addresses: Uint8Array, protocol: number, payload: Uint8Array, checksumOffset: number | null): void {
    const length = ipLength(addresses);
    this.#uncut.id = this.#nextId();
    this.#putIp(addresses, protocol, DATAGRAM_HEADER_LENGTH + payload.length, this.#uncut);
    this.#device.header.set(this.#transport, IP_AT + length);
    const end = length + DATAGRAM_HEADER_LENGTH;
    if (checksumOffset === null) this.#plainVnet(end);
    else encodeVnet(this.#device.header, VNET_FLAG.needsChecksum, GSO.none, end, 0, length, checksumOffset);
    this.#send(IP_AT + end, [payload], 0, 0, payload.length);
  }

  #fragments(addresses: Uint8Array, protocol: number, payload: Uint8Array): void {
    const header = this.#device.header;
    const isV6 = addresses.length === 32;
    const ip = ipLength(addresses) + (isV6 ? FRAGMENT_HEADER_LENGTH : 0);
    const pieceMax = (this.paths.get(addresses) - ip) & ~7;
    const total = DATAGRAM_HEADER_LENGTH + payload.length;
    const chunks = [payload];
    const id = this.#nextId();
    for (let offset = 0; offset < total; offset += pieceMax) {
      const length = Math.min(pieceMax, total - offset);
      const fragment = { id, offset, more: offset + length < total };
      this.#putAddresses(addresses);
      if (isV6) {
        encodeIpv6(header, IP_AT, PROTOCOL.fragment, FRAGMENT_HEADER_LENGTH + length);
        encodeFragmentHeader(header, IP_AT + IPV6_HEADER_LENGTH, protocol, fragment);
      } else {
        encodeIpv4(header, IP_AT, protocol, length, fragment);
      }
      const own = offset === 0 ? DATAGRAM_HEADER_LENGTH : 0;
      if (own > 0) header.set(this.#transport, IP_AT + ip);
      this.#plainVnet(ip + own);
      this.#send(IP_AT + ip + own, chunks, 0, offset + own - DATAGRAM_HEADER_LENGTH, length - own);
    }
  }

  #plainVnet(headerLength: number): void {
    encodeVnet(this.#device.header, 0, GSO.none, headerLength, 0, 0, 0);
  }

  #nextId(): number {
    this.#fragmentId = (this.#fragmentId + 1) & 0xffff;
    return this.#fragmentId;
  }

  /** `uncut` null: it must not be cut.  Returns where the addresses are. */
  #putIp(addresses: Uint8Array, protocol: number, payloadLength: number, uncut: Fragment): number {
    const at = this.#putAddresses(addresses);
    if (addresses.length === 32) encodeIpv6(this.#device.header, IP_AT, protocol, payloadLength);
    else encodeIpv4(this.#device.header, IP_AT, protocol, payloadLength, uncut);
    return at;
  }

  /** The flow's destination is our source. */
  #putAddresses(addresses: Uint8Array): number {
    const header = this.#device.header;
    const at = IP_AT + ipLength(addresses) - addresses.length;
    const half = addresses.length >> 1;
    for (let i = 0; i < half; i++) {
      header[at + i] = addresses[half + i]!;
      header[at + half + i] = addresses[i]!;
    }
    return at;
  }

  #send(headerLength: number, chunks: readonly Uint8Array[], index: number, offset: number, length: number): void {
    const errno = this.#device.send(headerLength, length === 0 ? NOTHING : chunks, index, offset, length);
    if (errno !== 0) countDrop(this.#counters, 'device-write');
  }
}

export function countDrop(counters: StackCounters, reason: string): void {
  counters.dropped[reason] = (counters.dropped[reason] ?? 0) + 1;
}

function ipLength(addresses: Uint8Array): number {
  return addresses.length === 32 ? IPV6_HEADER_LENGTH : IPV4_HEADER_LENGTH;
}
