/**
 * How long a packet may be on its way to one client: RFC 1191, RFC 8201.
 *
 * Clients on this machine are behind the device alone.  Those that it forwards for (containers, virtual machines) may be
 * behind a narrower link, of which a router tells when a packet was too long for it.
 */
import { ICMP4, ICMP6, ICMP_HEADER_LENGTH, PROTOCOL, read16, read32, type IpView } from '../packet/index.ts';
import { hash, type Tuple } from './flow-table.ts';
import { PATHS, PATH_MTU_MIN_V4, PATH_MTU_MIN_V6 } from './limits.ts';

/** The report of a router: which of our packets was too long. */
export interface TooBig {
  /** Bytes of IP packet that do fit. */
  readonly mtu: number;
  readonly protocol: number;
  /** The flow as its client names it: source is the client. */
  readonly tuple: Tuple;
  /** TCP's sequence number. */
  readonly seq: number;
}

/** The report in an ICMP message, null when it is something else, or about a packet that has no ports. */
export function readTooBig(bytes: Uint8Array, ip: IpView): TooBig | null {
  const isV6 = ip.addressesLength === 32;
  const type = bytes[ip.payload];
  if (isV6 ? type !== ICMP6.tooBig : type !== ICMP4.unreachable || bytes[ip.payload + 1] !== ICMP4.code.tooBig) {
    return null;
  }
  const quote = ip.payload + ICMP_HEADER_LENGTH;
  const end = ip.payload + ip.payloadLength;
  const protocol = bytes[isV6 ? quote + 6 : quote + 9];
  // The packets that we send have no options and no extension headers, a fragment's aside.
  const isFragment = isV6 && protocol === PROTOCOL.fragment;
  const transport = quote + (isV6 ? 40 : 20) + (isFragment ? 8 : 0);
  if (transport + 8 > end || bytes[quote] >> 4 !== (isV6 ? 6 : 4)) return null;
  const half = ip.addressesLength >> 1;
  const source = quote + (isV6 ? 8 : 12);
  const addresses = new Uint8Array(ip.addressesLength);
  addresses.set(bytes.subarray(source + half, source + 2 * half));
  addresses.set(bytes.subarray(source, source + half), half);
  return {
    mtu: isV6 ? read32(bytes, ip.payload + 4) >>> 0 : read16(bytes, ip.payload + 6),
    protocol: isFragment ? bytes[quote + 40] : protocol,
    tuple: { addresses, sourcePort: read16(bytes, transport + 2), destinationPort: read16(bytes, transport) },
    seq: read32(bytes, transport + 4),
  };
}

export class PathMtu {
  readonly #deviceMtu: number;
  /** Of the clients behind a narrower link, by a hash of the address; two that share one share the smaller value. */
  readonly #paths = new Map<number, number>();

  constructor(deviceMtu: number) {
    this.#deviceMtu = deviceMtu;
  }

  /** `addresses`: the client's, and what it talks to. */
  get(addresses: Uint8Array): number {
    return (this.#paths.size > 0 ? this.#paths.get(keyOf(addresses)) : undefined) ?? this.#deviceMtu;
  }

  narrow(addresses: Uint8Array, mtu: number): void {
    const narrowest = addresses.length === 32 ? PATH_MTU_MIN_V6 : PATH_MTU_MIN_V4;
    const value = Math.max(mtu, narrowest);
    if (value >= this.get(addresses)) return;
    if (this.#paths.size >= PATHS) this.#paths.clear();
    this.#paths.set(keyOf(addresses), value);
  }
}

function keyOf(addresses: Uint8Array): number {
  return hash(0, addresses, 0, addresses.length >> 1, 0, 0);
}
