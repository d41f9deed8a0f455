/**
 * ICMP from the program's side.  Echo is answered when the layer above says that the host is there, and not before; a
 * report of a packet that was too long goes to the flow that it is about.
 */
import {
  ICMP4,
  ICMP6,
  ICMP_HEADER_LENGTH,
  PROTOCOL,
  finishSum,
  pseudoHeaderSum,
  read32,
  sumBytes,
  type IpView,
} from '../packet/index.ts';
import { destinationHost, sourceHost } from './endpoint.ts';
import type { FlowHandler, Refusal, StackCounters } from './flow.ts';
import { quotePacket, type IcmpErrors } from './icmp-errors.ts';
import { ECHOES, ECHO_PATIENCE } from './limits.ts';
import type { LayerContext } from './layer-context.ts';
import { readTooBig, type TooBig } from './path-mtu.ts';
import { countDrop, type PacketWriter } from './packet-writer.ts';

/** An unanswered request, and when it came. */
interface Pending {
  readonly since: number;
}

export class EchoLayer {
  now = 0;
  readonly #writer: PacketWriter;
  readonly #errors: IcmpErrors;
  readonly #counters: StackCounters;
  readonly #handler: FlowHandler;
  readonly #onTooBig: (report: TooBig) => void;
  /** In the order of arrival. */
  readonly #pending = new Set<Pending>();

  constructor(context: Omit<LayerContext, 'deadlines'> & { readonly onTooBig: (report: TooBig) => void }) {
    this.#writer = context.writer;
    this.#errors = context.errors;
    this.#counters = context.counters;
    this.#handler = context.handler;
    this.#onTooBig = context.onTooBig;
  }

  /** `isTrusted`: the checksum need not be looked at. */
  input(bytes: Uint8Array, ip: IpView, isTrusted: boolean): void {
    const isV6 = ip.addressesLength === 32;
    const type = bytes[ip.payload];
    if (ip.payloadLength < ICMP_HEADER_LENGTH) this.#drop('icmp-truncated');
    else if (!isTrusted && !isSumRight(bytes, ip)) this.#drop('icmp-checksum');
    else if (type === (isV6 ? ICMP6.echoRequest : ICMP4.echoRequest)) this.#request(bytes, ip);
    else this.#other(bytes, ip);
  }

  /** Errors, neighbour discovery and the like.  An error must never be answered with one (RFC 1122 section 3.2.2). */
  #other(bytes: Uint8Array, ip: IpView): void {
    const report = readTooBig(bytes, ip);
    if (report === null) this.#drop('icmp-type');
    else this.#onTooBig(report);
  }

  #request(bytes: Uint8Array, ip: IpView): void {
    for (const old of this.#pending) {
      if (this.now - old.since < ECHO_PATIENCE) break;
      this.#pending.delete(old);
    }
    if (this.#pending.size >= ECHOES) {
      this.#drop('icmp-echoes');
      return;
    }
    const addresses = bytes.slice(ip.addresses, ip.addresses + ip.addressesLength);
    const quote = quotePacket(bytes, ip);
    const identifier = read32(bytes, ip.payload + 4);
    const payload = bytes.slice(ip.payload + ICMP_HEADER_LENGTH, ip.payload + ip.payloadLength);
    const pending = { since: this.now };
    this.#pending.add(pending);
    this.#handler.echo({
      source: sourceHost(addresses),
      destination: destinationHost(addresses),
      reply: (outcome) => {
        if (this.#pending.delete(pending)) this.#reply(outcome, addresses, identifier, payload, quote);
      },
    });
  }

  #reply(
    outcome: 'reachable' | Refusal,
    addresses: Uint8Array,
    identifier: number,
    payload: Uint8Array,
    quote: Uint8Array,
  ): void {
    if (outcome === 'timeout') return;
    if (outcome === 'reachable') {
      const type = addresses.length === 32 ? ICMP6.echoReply : ICMP4.echoReply;
      this.#writer.icmp(addresses, type, 0, identifier, payload);
      return;
    }
    // There is no port that an echo could have been refused at.
    this.#errors.unreachable(addresses, outcome === 'refused' ? 'host-unreachable' : outcome, quote, this.now);
  }

  #drop(reason: string): void {
    countDrop(this.#counters, reason);
  }
}

function isSumRight(bytes: Uint8Array, ip: IpView): boolean {
  const pseudo =
    ip.addressesLength === 32
      ? pseudoHeaderSum(bytes, ip.addresses, ip.addressesLength, PROTOCOL.icmp6, ip.payloadLength)
      : 0;
  return finishSum(sumBytes(bytes, ip.payload, ip.payloadLength, pseudo)) === 0;
}
