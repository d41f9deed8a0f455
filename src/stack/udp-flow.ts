/** Datagrams of one (source, destination) pair; gone after a time without any. */
import { Timed } from './deadlines.ts';
import { destinationOf, sourceOf } from './endpoint.ts';
import type { Endpoint, UdpFlow } from './flow.ts';
import type { Tuple } from './flow-table.ts';
import type { Unreachable } from './icmp-errors.ts';
import { UDP_DNS_IDLE_MS, UDP_IDLE_MS } from './limits.ts';
import type { UdpOwner } from './udp-owner.ts';

const DNS_PORT = 53;
/** What one IP packet can carry: 65,535 less the headers; IPv6 does not count its own. */
const PAYLOAD_MAX_V4 = 65_507;
const PAYLOAD_MAX_V6 = 65_527;

export class UdpConversation extends Timed implements UdpFlow {
  readonly tuple: Tuple;
  /** The far host has begun it. */
  readonly isAnswered: boolean;
  tableKey = 0;
  tableNext: UdpConversation | null = null;
  older: UdpConversation | null = null;
  newer: UdpConversation | null = null;
  onDatagram: (payload: Uint8Array) => void = ignore;
  onClosed: () => void = ignore;
  readonly #owner: UdpOwner<UdpConversation>;
  #idle = UDP_IDLE_MS;
  #lastLength = 0;
  #isOpen = true;

  constructor(owner: UdpOwner<UdpConversation>, tuple: Tuple, isAnswered: boolean) {
    super();
    this.#owner = owner;
    this.tuple = tuple;
    this.isAnswered = isAnswered;
    this.#defer();
  }

  get source(): Endpoint {
    return sourceOf(this.tuple);
  }

  get destination(): Endpoint {
    return destinationOf(this.tuple);
  }

  /** A datagram from the program; `payload` is valid only during the call. */
  input(payload: Uint8Array): void {
    if (!this.#isOpen) return;
    this.#lastLength = payload.length;
    this.#owner.counters.bytesUp += payload.length;
    this.#touch();
    this.onDatagram(payload);
  }

  send(payload: Uint8Array): void {
    if (!this.#isOpen) return;
    const max = this.tuple.addresses.length === 32 ? PAYLOAD_MAX_V6 : PAYLOAD_MAX_V4;
    if (payload.length > max) {
      this.#owner.drop('udp-oversized');
      return;
    }
    this.#owner.tick();
    if (this.tuple.destinationPort === DNS_PORT && this.#idle === UDP_IDLE_MS) this.#idle = UDP_DNS_IDLE_MS;
    this.#touch();
    this.#owner.counters.bytesDown += payload.length;
    this.#owner.writer.udp(this.tuple, payload);
  }

  answeredFrom(port: number): UdpFlow | null {
    return this.#isOpen ? this.#owner.answered(this.tuple, port) : null;
  }

  refuse(reason: Unreachable): void {
    if (!this.#isOpen) return;
    this.#owner.unreachable(this.tuple, reason, this.#lastLength);
    this.#end();
  }

  close(): void {
    if (this.#isOpen) this.#end();
  }

  override expire(): void {
    this.close();
  }

  #touch(): void {
    this.#owner.used(this);
    this.#defer();
  }

  #defer(): void {
    this.#owner.deadlines.set(this, this.#owner.now + this.#idle);
  }

  #end(): void {
    this.#isOpen = false;
    this.#owner.removed(this);
    this.onClosed();
  }
}

function ignore(): void {
  // Until the handler sets its own.
}
