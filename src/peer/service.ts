/** What the agent offers to the tunnel's far end; server.ts calls it, src/agent implements it. */
import type { ProcessEnvironment, TargetContainer } from './target-container.ts';
import type { AgentInfo } from './tunnel.ts';
import type { DialErrno, DialOutcome, FlowBytes, FlowDatagrams } from '../mux/flow.ts';

/** Exactly one of `accept` and `refuse` follows, unless `onReset` (or `onClosed`) came before. */
export interface PendingFlow {
  readonly host: string;
  readonly port: number;
  accept(): void;
  refuse(errno: DialErrno): void;
}

export interface IncomingStream extends PendingFlow, FlowBytes {
  /** RST after everything written; handlers are called until then. */
  abort(): void;
}

/** A flow with one peer of a program's socket. */
export interface PeerDatagrams extends FlowDatagrams {
  accept(): void;
  refuse(errno: DialErrno): void;
  /** Tells the other end the errno with which the socket failed, and ends the flow. */
  fail(errno: DialErrno): void;
  /** The peer's host has sent from another port: a flow for that one; null when there is no room for it. */
  answerFrom(port: number): PeerDatagrams | null;
}

export interface IncomingDatagrams extends PendingFlow, PeerDatagrams {
  /** The program's socket: flows with the same text share it.  Of all sessions no two are alike. */
  readonly socket: string;
}

export interface TunnelService {
  tcp(flow: IncomingStream): void;
  udp(flow: IncomingDatagrams): void;
  /** One DNS message for the pod's name servers; rejects with an errno'd error when none answered. */
  resolve(message: Uint8Array, signal: AbortSignal): Promise<Uint8Array>;
  probe(host: string, signal: AbortSignal): Promise<DialOutcome>;
  info(): AgentInfo;
  /** Of the container's own process. */
  environment(container: TargetContainer): Promise<ProcessEnvironment>;
}
