/**
 * ICMP errors towards the program's kernel, which turns them into errno at the program's own call.
 *
 * Each quotes the packet that it answers, since the kernel finds the socket by it; of a flow whose first packet is long
 * gone, the quote is rebuilt from the four-tuple.  The source of an error is the address that could not be reached:
 * the stack has none of its own.
 */
import {
  ICMP4,
  ICMP6,
  IPV4_HEADER_LENGTH,
  IPV6_HEADER_LENGTH,
  PROTOCOL,
  TCP_FLAG,
  TCP_HEADER_LENGTH,
  UDP_HEADER_LENGTH,
  encodeIpv4,
  encodeIpv6,
  encodeTcp,
  encodeUdp,
  type IpView,
} from '../packet/index.ts';
import type { Refusal, StackCounters } from './flow.ts';
import type { Tuple } from './flow-table.ts';
import { ICMP_BURST, ICMP_RATE } from './limits.ts';
import { countDrop, type PacketWriter } from './packet-writer.ts';
import { TokenBucket } from './token-bucket.ts';

/** The whole error stays within 576 bytes (RFC 1812 section 4.3.2.3), or the IPv6 minimum MTU (RFC 4443 section 2.4). */
const QUOTE_MAX_V4 = 576 - 20 - 8;
const QUOTE_MAX_V6 = 1280 - 40 - 8;
const NO_OPTIONS = new Uint8Array(0);

export type Unreachable = Exclude<Refusal, 'timeout'>;

export class IcmpErrors {
  readonly #writer: PacketWriter;
  readonly #counters: StackCounters;
  readonly #bucket = new TokenBucket(ICMP_RATE, ICMP_BURST);

  constructor(writer: PacketWriter, counters: StackCounters) {
    this.#writer = writer;
    this.#counters = counters;
  }

  /** Answers a SYN with sequence number `seq`. */
  tcpUnreachable(tuple: Tuple, reason: Unreachable, seq: number, now: number): void {
    const quote = quoteIp(tuple, PROTOCOL.tcp, TCP_HEADER_LENGTH, 0);
    const at = ipLength(tuple.addresses);
    encodeTcp(quote, at, tuple.sourcePort, tuple.destinationPort, seq, 0, TCP_FLAG.syn, 0, NO_OPTIONS);
    this.unreachable(tuple.addresses, reason, quote, now);
  }

  /** Answers a datagram of `length` payload bytes. */
  udpUnreachable(tuple: Tuple, reason: Unreachable, length: number, now: number): void {
    const quote = quoteIp(tuple, PROTOCOL.udp, UDP_HEADER_LENGTH, length);
    encodeUdp(quote, ipLength(tuple.addresses), tuple.sourcePort, tuple.destinationPort, length, 0);
    this.unreachable(tuple.addresses, reason, quote, now);
  }

  /** Answers the packet that begins with `quote`; `addresses` are that packet's. */
  unreachable(addresses: Uint8Array, reason: Unreachable, quote: Uint8Array, now: number): void {
    if (addresses.length === 32) this.#send(addresses, ICMP6.unreachable, CODE6[reason], 0, quote, now);
    else this.#send(addresses, ICMP4.unreachable, CODE4[reason], 0, quote, now);
  }

  /** The upper layer of a packet is not spoken here: RFC 1122 section 3.2.2.1, RFC 4443 section 3.4. */
  unknownProtocol(bytes: Uint8Array, ip: IpView, now: number): void {
    const addresses = bytes.slice(ip.addresses, ip.addresses + ip.addressesLength);
    const quote = quotePacket(bytes, ip);
    if (addresses.length === 8) {
      this.#send(addresses, ICMP4.unreachable, ICMP4.code.protocol, 0, quote, now);
      return;
    }
    const pointer = ip.protocolAt - ip.start;
    this.#send(addresses, ICMP6.parameterProblem, ICMP6.code.unrecognizedNextHeader, pointer, quote, now);
  }

  #send(addresses: Uint8Array, type: number, code: number, rest: number, quote: Uint8Array, now: number): void {
    if (!this.#bucket.take(now)) {
      countDrop(this.#counters, 'icmp-rate');
      return;
    }
    this.#writer.icmp(addresses, type, code, rest, quote);
  }
}

const CODE4: Readonly<Record<Unreachable, number>> = {
  refused: ICMP4.code.port,
  'host-unreachable': ICMP4.code.host,
  'network-unreachable': ICMP4.code.network,
  prohibited: ICMP4.code.prohibited,
};

const CODE6: Readonly<Record<Unreachable, number>> = {
  refused: ICMP6.code.port,
  'host-unreachable': ICMP6.code.address,
  'network-unreachable': ICMP6.code.noRoute,
  prohibited: ICMP6.code.prohibited,
};

/** As much of a packet as an error may carry; a copy. */
export function quotePacket(bytes: Uint8Array, ip: IpView): Uint8Array {
  const max = ip.addressesLength === 8 ? QUOTE_MAX_V4 : QUOTE_MAX_V6;
  return bytes.slice(ip.start, Math.min(ip.end, ip.start + max));
}

/** An IP header as the program's kernel wrote it, with room for the transport header. */
function quoteIp(tuple: Tuple, protocol: number, headerLength: number, payloadLength: number): Uint8Array {
  const { addresses } = tuple;
  const ip = ipLength(addresses);
  const quote = new Uint8Array(ip + headerLength);
  quote.set(addresses, ip - addresses.length);
  if (addresses.length === 32) encodeIpv6(quote, 0, protocol, headerLength + payloadLength);
  else encodeIpv4(quote, 0, protocol, headerLength + payloadLength, null);
  return quote;
}

function ipLength(addresses: Uint8Array): number {
  return addresses.length === 32 ? IPV6_HEADER_LENGTH : IPV4_HEADER_LENGTH;
}
