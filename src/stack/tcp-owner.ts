/** What a connection asks of the layer that it belongs to, so that `tcp-connection.ts` need not know `tcp-layer.ts`. */
import type { Deadlines } from './deadlines.ts';
import type { Refusal, StackCounters } from './flow.ts';
import type { Tuple } from './flow-table.ts';
import type { PacketWriter } from './packet-writer.ts';

export interface TcpOwner<Connection> {
  /** ms, the stack's clock. */
  readonly now: number;
  readonly writer: PacketWriter;
  readonly deadlines: Deadlines;
  readonly counters: StackCounters;
  /** Bytes that one connection may queue before its writer has to pause: a share of what is left for all. */
  readonly sendMark: number;
  /** Counts queued bytes against what all connections may hold; negative when they go. */
  hold(bytes: number): void;
  /** Bytes that may still be kept out of order. */
  readonly outOfOrderRoom: number;
  holdOutOfOrder(bytes: number): void;
  /** `output` is to be called at the end of the turn. */
  wantsOutput(flow: Connection): void;
  /** Whether the rate of challenge acknowledgements allows one more (RFC 5961 section 7). */
  mayChallenge(): boolean;
  /** Answers the SYN with an ICMP error. */
  unreachable(tuple: Tuple, reason: Exclude<Refusal, 'refused' | 'timeout'>, seq: number): void;
  handshakeEnded(flow: Connection): void;
  enterTimeWait(flow: Connection): void;
  /** The connection is over and forgotten. */
  removed(flow: Connection): void;
}
