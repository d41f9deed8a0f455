/**
 * The tunnel: what the session asks of the far side, whatever carries it.
 *
 * Three layers stand behind this interface.  A connection (src/connection): a resumable byte stream over a replaceable
 * transport, the hello that proves the client, redialling.  A multiplexer on it (src/mux): streams with credit, datagrams,
 * questions with one answer, pings for the round trip.  And the two peers, who give these a meaning, by kind (opening.ts):
 * client.ts is this machine's end, server.ts the agent's.
 *
 * Why the multiplexer is our own and not HTTP/2: node:http2 over anything but a socket costs two to three times the CPU,
 * does not read while a write of its own is pending, which two ends that both send in bulk turn into a deadlock, and can
 * spin when a stream with queued data is reset (docs/performance.md has the figures).
 *
 * Must not know: the TUN, Kubernetes, names, how the agent dials.
 */
import type { DialOutcome } from '../mux/flow.ts';
import type { AgentInfo } from './agent-info.ts';
import type { ProcessEnvironment, TargetContainer } from './environment.ts';
import type { IncomingState, IncomingStream, IncomingWish } from './incoming.ts';
import type { TunnelStream } from './tcp.ts';
import type { TunnelDatagrams } from './udp.ts';

export interface TunnelOptions {
  /** Ends the attempt to create the tunnel; of no effect afterwards. */
  readonly signal?: AbortSignal;
  /** How long a lost tunnel is redialled, ms; the agent must have the same. */
  readonly resumeLimitMs?: number;
  /** Takes connections to ports of the target that were subscribed to; without it they are refused. */
  readonly deliver?: (flow: IncomingStream) => void;
}

export interface TunnelEvents {
  /** The transport is gone; streams wait.  `reason` is plain words; told again with what keeps a new one from standing. */
  lost(reason: string, retryMs: number | null): void;
  /** The same tunnel goes on over a new transport. */
  resumed(): void;
  /** Resume is impossible: this object is dead, and every stream is reset right after. */
  dead(reason: string): void;
}

export interface Tunnel {
  connect(host: string, port: number): TunnelStream;
  /** Flows with the same `socket`, at most 63 characters, have one port on the far side. */
  datagrams(host: string, port: number, socket: string): TunnelDatagrams;
  /** One DNS message to the agent's own name servers, as it is; rejects when no answer came in time. */
  resolve(message: Uint8Array, signal: AbortSignal): Promise<Uint8Array>;
  /** Whether the agent could reach `host` at all (ICMP echo's truth). */
  probe(host: string): Promise<DialOutcome>;
  info(): Promise<AgentInfo>;
  /** The environment that the process of the container beside the agent was started with. */
  environment(container: TargetContainer): Promise<ProcessEnvironment>;
  /** The target's ports that are to come here; all of them, each time. */
  subscribe(wish: IncomingWish): Promise<IncomingState>;
  /** Round trip in milliseconds through the whole path. */
  ping(): Promise<number>;
  readonly resumes: number;
  /** The machine's network is another one now: a transport that is dead is found so within 2 s, and replaced. */
  pathChanged(): void;
  /** Ends the tunnel.  An agent that can be reached is told, and ends as well when it has no other client. */
  close(): void;
  /** The same; resolves to whether the agent has heard it and hung up, within a second. */
  goodbye(): Promise<boolean>;
}
