/** What a conversation asks of the layer that it belongs to, so that `udp-flow.ts` need not know `udp-layer.ts`. */
import type { Deadlines } from './deadlines.ts';
import type { StackCounters } from './flow.ts';
import type { Tuple } from './flow-table.ts';
import type { Unreachable } from './icmp-errors.ts';
import type { PacketWriter } from './packet-writer.ts';

export interface UdpOwner<Conversation> {
  /** ms, the stack's clock. */
  readonly now: number;
  readonly writer: PacketWriter;
  readonly deadlines: Deadlines;
  readonly counters: StackCounters;
  /** Brings `now` up to date: a datagram from afar comes at any time. */
  tick(): void;
  drop(reason: string): void;
  /** Answers a datagram of `length` bytes with an ICMP error. */
  unreachable(tuple: Tuple, reason: Unreachable, length: number): void;
  /** The far host has sent from another port to the socket of `asked`; null when there is such a flow, or no room. */
  answered(asked: Tuple, destinationPort: number): Conversation | null;
  /** Its last use is now. */
  used(flow: Conversation): void;
  /** The conversation is over and forgotten. */
  removed(flow: Conversation): void;
}
