/** All UDP flows: which one a datagram belongs to, and how many there may be. */
import { PROTOCOL, UdpView, decodeUdp, finishSum, pseudoHeaderSum, sumBytes, type IpView } from '../packet/index.ts';
import type { Deadlines } from './deadlines.ts';
import type { FlowHandler, StackCounters } from './flow.ts';
import { FlowTable, type Tuple } from './flow-table.ts';
import type { IcmpErrors, Unreachable } from './icmp-errors.ts';
import { UDP_ANSWERED_FLOWS, UDP_FLOWS } from './limits.ts';
import type { TooBig } from './path-mtu.ts';
import type { LayerContext } from './layer-context.ts';
import { countDrop, type PacketWriter } from './packet-writer.ts';
import { Recency } from './recency.ts';
import { UdpConversation } from './udp-flow.ts';
import type { UdpOwner } from './udp-owner.ts';

export class UdpLayer implements UdpOwner<UdpConversation> {
  now = 0;
  readonly writer: PacketWriter;
  readonly deadlines: Deadlines;
  readonly counters: StackCounters;
  readonly #recency = new Recency<UdpConversation>();
  readonly #clock: () => number;
  readonly #handler: FlowHandler;
  readonly #errors: IcmpErrors;
  readonly #table: FlowTable<UdpConversation>;
  readonly #view = new UdpView();
  #answered = 0;

  constructor(context: LayerContext & { readonly random: () => number; readonly clock: () => number }) {
    this.#clock = context.clock;
    this.writer = context.writer;
    this.deadlines = context.deadlines;
    this.counters = context.counters;
    this.#handler = context.handler;
    this.#errors = context.errors;
    this.#table = new FlowTable(Math.floor(context.random() * 2 ** 32) | 0);
  }

  /**
   * One datagram, or a train of them that falls apart at `trainSize` bytes (0: no train).  `isTrusted`: the checksum
   * need not be looked at.
   */
  input(bytes: Uint8Array, ip: IpView, isTrusted: boolean, trainSize: number): void {
    const view = this.#view;
    const reason = decodeUdp(bytes, ip.payload, ip.payloadLength, trainSize > 0, view);
    if (reason !== null) this.drop(reason);
    else if (!isTrusted && !isSumRight(bytes, ip, view)) this.drop('udp-checksum');
    else this.#deliver(bytes, ip, trainSize);
  }

  /** What was lost stays lost, but the next one fits.  Believed when there is such a flow. */
  tooBig({ tuple, mtu }: TooBig): void {
    const { addresses, sourcePort, destinationPort } = tuple;
    const flow = this.#table.find(addresses, 0, addresses.length, sourcePort, destinationPort);
    if (flow !== null) this.writer.paths.narrow(addresses, mtu, this.now);
  }

  /** Programs with a connected socket learn it as ECONNREFUSED, as far as ICMP's rate allows. */
  close(): void {
    for (const flow of this.#table.all()) flow.refuse('refused');
  }

  /** There may be no packet of a program's for minutes. */
  tick(): void {
    this.now = this.#clock();
  }

  drop(reason: string): void {
    countDrop(this.counters, reason);
  }

  unreachable(tuple: Tuple, reason: Unreachable, length: number): void {
    this.#errors.udpUnreachable(tuple, reason, length, this.now);
  }

  answered({ addresses, sourcePort }: Tuple, destinationPort: number): UdpConversation | null {
    if (this.#table.find(addresses, 0, addresses.length, sourcePort, destinationPort) !== null) return null;
    if (this.#answered >= UDP_ANSWERED_FLOWS) {
      this.drop('udp-answered-flows');
      return null;
    }
    this.#answered++;
    return this.#add({ addresses, sourcePort, destinationPort }, true);
  }

  used(flow: UdpConversation): void {
    this.#recency.used(flow);
  }

  removed(flow: UdpConversation): void {
    if (flow.isAnswered) this.#answered--;
    this.deadlines.remove(flow);
    this.#table.remove(flow);
    this.#recency.remove(flow);
    this.counters.udpFlows = this.#table.size;
  }

  #deliver(bytes: Uint8Array, ip: IpView, trainSize: number): void {
    const { sourcePort, destinationPort, payload, payloadLength } = this.#view;
    const { addresses, addressesLength } = ip;
    const end = payload + payloadLength;
    const step = trainSize > 0 ? trainSize : Math.max(1, payloadLength);
    let start = payload;
    do {
      // Looked up for each one: the handler may have ended the flow in between.
      const flow =
        this.#table.find(bytes, addresses, addressesLength, sourcePort, destinationPort) ??
        this.#open({
          addresses: bytes.slice(addresses, addresses + addressesLength),
          sourcePort,
          destinationPort,
        });
      flow.input(bytes.subarray(start, Math.min(end, start + step)));
      start += step;
    } while (start < end);
  }

  #open(tuple: Tuple): UdpConversation {
    const flow = this.#add(tuple, false);
    this.#handler.udp(flow);
    return flow;
  }

  #add(tuple: Tuple, isAnswered: boolean): UdpConversation {
    if (this.#table.size >= UDP_FLOWS) {
      this.drop('udp-flows');
      this.#recency.oldest?.close();
    }
    const flow = new UdpConversation(this, tuple, isAnswered);
    this.#table.add(flow);
    this.#recency.add(flow);
    this.counters.udpFlows = this.#table.size;
    return flow;
  }
}

function isSumRight(bytes: Uint8Array, ip: IpView, view: UdpView): boolean {
  // RFC 768: no checksum; over IPv6 there must be one (RFC 8200 section 8.1).
  if (view.checksum === 0) return ip.addressesLength === 8;
  const length = view.payload + view.payloadLength - ip.payload;
  const pseudo = pseudoHeaderSum(bytes, ip.addresses, ip.addressesLength, PROTOCOL.udp, length);
  return finishSum(sumBytes(bytes, ip.payload, length, pseudo)) === 0;
}
