/**
 * How long a packet may be on its way to one client: RFC 1191, RFC 8201.
 *
 * Clients on this machine are behind the device alone.  Those that it forwards for (containers, virtual machines) may be
 * behind a narrower link, of which a router tells when a packet was too long for it, or which shows when full segments do
 * not arrive and smaller ones do.  Paths change: what is known of one is forgotten after a while, and learned again.
 */
import { ICMP4, ICMP6, ICMP_HEADER_LENGTH, PROTOCOL, read16, read32, type IpView } from '../packet/index.ts';
import { Timed, type Deadlines } from './deadlines.ts';
import { hash, type Tuple } from './flow-table.ts';
import { PATHS, PATH_AGE, PATH_MTU_MIN_V4, PATH_MTU_MIN_V6 } from './limits.ts';

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

/** A path that is narrower than the device. */
class NarrowPath extends Timed {
  mtu: number;
  readonly #forget: () => void;

  constructor(mtu: number, forget: () => void) {
    super();
    this.mtu = mtu;
    this.#forget = forget;
  }

  override expire(): void {
    this.#forget();
  }
}

export class PathMtu {
  /** Another one after each change: who keeps a value looks again. */
  version = 0;
  readonly #deviceMtu: number;
  readonly #deadlines: Deadlines;
  /** Of the clients behind a narrower link, by a hash of the address; two that share one share the smaller value. */
  readonly #paths = new Map<number, NarrowPath>();

  constructor(deviceMtu: number, deadlines: Deadlines) {
    this.#deviceMtu = deviceMtu;
    this.#deadlines = deadlines;
  }

  /** `addresses`: the client's, and what it talks to. */
  get(addresses: Uint8Array): number {
    return (this.#paths.size > 0 ? this.#paths.get(keyOf(addresses))?.mtu : undefined) ?? this.#deviceMtu;
  }

  /** A sign, at `now`, that the path takes no more than `mtu`; it renews what is known already. */
  narrow(addresses: Uint8Array, mtu: number, now: number): void {
    const value = possibleMtu(addresses, mtu);
    const known = this.get(addresses);
    if (value > known || value === this.#deviceMtu) return;
    const key = keyOf(addresses);
    const path = this.#paths.get(key) ?? this.#add(key, value);
    this.#deadlines.set(path, now + PATH_AGE);
    if (value === known) return;
    path.mtu = value;
    this.version++;
  }

  #add(key: number, mtu: number): NarrowPath {
    if (this.#paths.size >= PATHS) {
      for (const path of this.#paths.values()) this.#deadlines.remove(path);
      this.#paths.clear();
    }
    const path = new NarrowPath(mtu, () => {
      this.#paths.delete(key);
      this.version++;
    });
    this.#paths.set(key, path);
    return path;
  }
}

/** What any link has to carry is carried. */
export function possibleMtu(addresses: Uint8Array, mtu: number): number {
  return Math.max(mtu, addresses.length === 32 ? PATH_MTU_MIN_V6 : PATH_MTU_MIN_V4);
}

function keyOf(addresses: Uint8Array): number {
  return hash(0, addresses, 0, addresses.length >> 1, 0, 0);
}
