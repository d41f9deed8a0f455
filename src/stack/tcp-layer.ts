/**
 * All TCP connections: which one a segment belongs to, how many there may be, who has something to send.
 */
import { TCP_FLAG, TcpOptions, TcpView, decodeTcp, decodeTcpOptions, type IpView } from '../packet/index.ts';
import type { Deadlines } from './deadlines.ts';
import type { FlowHandler, Refusal, StackCounters } from './flow.ts';
import { FlowTable, hash, type Tuple } from './flow-table.ts';
import type { IcmpErrors } from './icmp-errors.ts';
import type { LayerContext } from './layer-context.ts';
import * as limits from './limits.ts';
import { countDrop, type PacketWriter } from './packet-writer.ts';
import type { TooBig } from './path-mtu.ts';
import { TcpConnection } from './tcp-connection.ts';
import type { TcpOwner } from './tcp-owner.ts';
import { TokenBucket } from './token-bucket.ts';

const { fin: FIN, syn: SYN, rst: RST, ack: ACK } = TCP_FLAG;
const NO_OPTIONS = new Uint8Array(0);

export class TcpLayer implements TcpOwner<TcpConnection> {
  /** ms, the caller's clock; set by the stack before anything else happens in a turn. */
  now = 0;
  readonly writer: PacketWriter;
  readonly deadlines: Deadlines;
  readonly counters: StackCounters;
  readonly #handler: FlowHandler;
  readonly #errors: IcmpErrors;
  readonly #random: () => number;
  /** Called when the first flow gets something to send since the last `flush`. */
  readonly #onOutput: () => void;
  readonly #table: FlowTable<TcpConnection>;
  readonly #view = new TcpView();
  readonly #options = new TcpOptions();
  /** Flows whose handshake is not over, oldest first; of all, and by destination. */
  readonly #halfOpen = new Set<TcpConnection>();
  readonly #halfOpenTo = new Map<number, Set<TcpConnection>>();
  /** TIME_WAIT, oldest first. */
  readonly #waiting = new Set<TcpConnection>();
  #dirty: TcpConnection[] = [];
  readonly #challenges = new TokenBucket(limits.CHALLENGE_RATE, limits.CHALLENGE_BURST);
  #held = 0;
  #outOfOrder = 0;

  constructor(context: LayerContext & { readonly random: () => number; readonly onOutput: () => void }) {
    this.writer = context.writer;
    this.deadlines = context.deadlines;
    this.counters = context.counters;
    this.#handler = context.handler;
    this.#errors = context.errors;
    this.#random = context.random;
    this.#onOutput = context.onOutput;
    this.#table = new FlowTable(random32(context.random));
  }

  /** One segment, or super-segment, whose checksum is known to be right. */
  input(bytes: Uint8Array, ip: IpView): void {
    const view = this.#view;
    const reason = decodeTcp(bytes, ip.payload, ip.payloadLength, view) ?? flagsReason(view);
    if (reason !== null) {
      countDrop(this.counters, reason);
      return;
    }
    const { addresses, addressesLength } = ip;
    const flow = this.#table.find(bytes, addresses, addressesLength, view.sourcePort, view.destinationPort);
    const isOpening = (view.flags & (SYN | ACK)) === SYN;
    if (flow !== null) {
      if (!isOpening || !flow.yieldsTo(view.seq)) {
        flow.input(bytes, view);
        return;
      }
      flow.abandon();
    }
    const tuple = {
      addresses: bytes.slice(addresses, addresses + addressesLength),
      sourcePort: view.sourcePort,
      destinationPort: view.destinationPort,
    };
    if (isOpening) this.#open(bytes, tuple);
    else this.#strayInput(tuple);
  }

  tooBig({ tuple, mtu, seq }: TooBig): void {
    const { addresses, sourcePort, destinationPort } = tuple;
    this.#table.find(addresses, 0, addresses.length, sourcePort, destinationPort)?.tooBig(seq, mtu);
  }

  /** Sends what has gathered; the handler is not called meanwhile. */
  flush(): void {
    const dirty = this.#dirty;
    if (dirty.length === 0) return;
    this.#dirty = [];
    for (const flow of dirty) flow.output();
  }

  /** Resets every flow; each handler is told by `reset` or `onAbandoned`. */
  close(): void {
    for (const flow of this.#table.all()) flow.terminate();
  }

  /* ---- TcpOwner ---- */

  get sendMark(): number {
    const share = (limits.SEND_HELD - this.#held) * limits.SEND_SHARE;
    return Math.max(limits.SEND_MARK_TIGHT, Math.min(share, limits.SEND_MARK));
  }

  hold(bytes: number): void {
    this.#held += bytes;
  }

  get outOfOrderRoom(): number {
    return limits.OUT_OF_ORDER_HELD - this.#outOfOrder;
  }

  holdOutOfOrder(bytes: number): void {
    this.#outOfOrder += bytes;
  }

  wantsOutput(flow: TcpConnection): void {
    if (this.#dirty.push(flow) === 1) this.#onOutput();
  }

  mayChallenge(): boolean {
    return this.#challenges.take(this.now);
  }

  unreachable(tuple: Tuple, reason: Exclude<Refusal, 'refused' | 'timeout'>, seq: number): void {
    this.#errors.tcpUnreachable(tuple, reason, seq, this.now);
  }

  handshakeEnded(flow: TcpConnection): void {
    if (!this.#halfOpen.delete(flow)) return;
    const key = destinationKey(flow.tuple);
    const others = this.#halfOpenTo.get(key)!;
    others.delete(flow);
    if (others.size === 0) this.#halfOpenTo.delete(key);
  }

  enterTimeWait(flow: TcpConnection): void {
    // Once more at the end of the row when its last acknowledgement had to be repeated.
    this.#waiting.delete(flow);
    this.#waiting.add(flow);
    this.deadlines.set(flow, this.now + limits.TIME_WAIT);
    if (this.#waiting.size > limits.TIME_WAITS) oldest(this.#waiting)!.abandon();
  }

  removed(flow: TcpConnection): void {
    this.handshakeEnded(flow);
    this.#waiting.delete(flow);
    this.deadlines.remove(flow);
    this.#table.remove(flow);
    this.counters.tcpFlows = this.#table.size;
  }

  #open(bytes: Uint8Array, tuple: Tuple): void {
    const key = destinationKey(tuple);
    if (!this.#hasRoom(key)) {
      countDrop(this.counters, 'tcp-no-room');
      return;
    }
    decodeTcpOptions(bytes, this.#view, this.#options);
    const flow = new TcpConnection(this, tuple, this.#view, this.#options, random32(this.#random));
    this.#table.add(flow);
    this.#halfOpen.add(flow);
    const others = this.#halfOpenTo.get(key);
    if (others === undefined) this.#halfOpenTo.set(key, new Set([flow]));
    else others.add(flow);
    this.counters.tcpFlows = this.#table.size;
    this.#handler.tcp(flow);
  }

  /** Whether one more handshake may begin; the reasons are with the limits. */
  #hasRoom(destination: number): boolean {
    if (this.#table.size >= limits.TCP_FLOWS) return false;
    const others = this.#halfOpenTo.get(destination);
    if (others !== undefined && others.size >= limits.HALF_OPEN_PER_DESTINATION) {
      // A slow service keeps its dials: only programs that do not take their SYN-ACK give way.
      const first = oldest(others)!;
      if (first.state !== 'syn-received' || !this.#giveUp(first)) return false;
    }
    return this.#halfOpen.size < limits.HALF_OPEN || this.#giveUp(oldest(this.#halfOpen)!);
  }

  /** Ends a handshake in favour of another, if it is old enough. */
  #giveUp(flow: TcpConnection): boolean {
    if (this.now - flow.since < limits.HALF_OPEN_MIN_AGE) return false;
    flow.abandon();
    return true;
  }

  /** A segment of no flow: RFC 9293 section 3.10.7.1.  An old connection's program learns so that it is over. */
  #strayInput(tuple: Tuple): void {
    const { flags, seq, ack, payloadLength } = this.#view;
    countDrop(this.counters, 'tcp-no-flow');
    if ((flags & RST) !== 0) return;
    if ((flags & ACK) !== 0) {
      this.#reset(tuple, ack, 0, RST);
      return;
    }
    const length = payloadLength + (flags & FIN) + ((flags & SYN) === 0 ? 0 : 1);
    this.#reset(tuple, 0, (seq + length) | 0, RST | ACK);
  }

  #reset(tuple: Tuple, seq: number, ack: number, flags: number): void {
    this.writer.tcp(tuple, seq, ack, flags, 0, NO_OPTIONS, 1, [], 0, 0, 0);
  }
}

/** Combinations that no connection ever sends. */
function flagsReason(view: TcpView): string | null {
  const { flags } = view;
  if ((flags & SYN) !== 0 && (flags & (FIN | RST)) !== 0) return 'tcp-flags';
  if ((flags & (SYN | RST | ACK | FIN)) === 0) return 'tcp-flags';
  return null;
}

/** Two destinations that share a key share a limit. */
function destinationKey(tuple: Tuple): number {
  const half = tuple.addresses.length >> 1;
  return hash(0, tuple.addresses, half, half, 0, tuple.destinationPort);
}

function oldest<T>(set: ReadonlySet<T>): T | undefined {
  for (const first of set) return first;
  return undefined;
}

function random32(random: () => number): number {
  return Math.floor(random() * 2 ** 32) | 0;
}
