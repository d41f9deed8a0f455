/**
 * The tunnel: what the session asks of the far side, whatever carries it.
 *
 * Two layers stand behind this interface.  Below, a resumable byte stream over a replaceable transport: frames and
 * offsets (frame.ts, replay-buffer.ts, byte-stream.ts), the hello that proves the client (hello.ts), redialling
 * (redial.ts).  Above, a multiplexer on it (mux.ts): one stream with credit per TCP flow, datagrams per UDP flow, questions
 * with one answer (DNS, probes, what the agent knows), pings for the round trip.  client.ts is the near end, server.ts and
 * serve.ts the agent's; both deal in `FlowBytes`, which knows no direction.
 *
 * Why the multiplexer is our own and not HTTP/2: node:http2 over anything but a socket costs two to three times the CPU,
 * does not read while a write of its own is pending, which two ends that both send in bulk turn into a deadlock, and can
 * spin when a stream with queued data is reset (docs/performance.md has the figures).
 *
 * Must not know: the TUN, Kubernetes, names, how the agent dials.
 */
import type { Duplex } from 'node:stream';
import type { ProcessEnvironment, TargetContainer } from './target-container.ts';

/**
 * Opens one more connection to the same agent; called again after each loss.  Its `data` events may show the same memory
 * again and again: a chunk is looked at during the event only.  A rejection with a MirrordError of the code
 * `agent-gone` says that there is no agent any more, so that nobody waits for it.
 */
export type Dial = (signal: AbortSignal) => Promise<Duplex>;

/** How a dial inside the cluster ended; the errno's name as the far kernel gave it. */
export type DialErrno =
  | 'ECONNREFUSED'
  | 'EHOSTUNREACH'
  | 'ENETUNREACH'
  | 'ETIMEDOUT'
  | 'EACCES'
  | 'ECONNRESET'
  | 'EADDRNOTAVAIL'
  | 'ENOTFOUND';

export type DialOutcome = { readonly ok: true } | { readonly ok: false; readonly errno: DialErrno };

/**
 * A byte stream, seen from either end.  Half-close works both ways; `reset` is RST.  Handlers are to be set in the turn
 * in which the flow is handed out.
 */
export interface FlowBytes {
  /**
   * Takes ownership of `chunk`.  `done` is called when the bytes have left this layer's queue, also when the flow is
   * gone by then, or at once when it is gone already; a writer keeps a bounded number of bytes waiting for it.  `release` is called when `chunk` is read no more
   * and its memory may be used again; each at most once.  What is on its way when the whole tunnel ends is not released:
   * a last transport may still read it, and the collector gets it.
   */
  write(chunk: Uint8Array, done: () => void, release?: () => void): void;
  /** FIN after everything written. */
  end(): void;
  /** Drops what waits.  No handler is called any more. */
  reset(): void;
  /** Bytes from the other end; the chunk is valid only during the call. */
  onData: (chunk: Uint8Array) => void;
  /** FIN from the other end. */
  onEnd: () => void;
  /** The flow is gone out of order (RST by the other end, tunnel lost).  No call follows. */
  onReset: () => void;
  /** Backpressure towards the other end: it may send one stream window more, which waits here. */
  pause(): void;
  resume(): void;
}

/** A byte stream to one destination on the far side. */
export interface TunnelStream extends FlowBytes {
  /** Bytes may be written before; they are delivered once the far dial has succeeded.  Never rejects. */
  readonly opened: Promise<DialOutcome>;
}

/** Datagrams, seen from either end; each call is one datagram.  Handlers as in `FlowBytes`. */
export interface FlowDatagrams {
  /** The payload is copied.  Dropped when more than a bounded number of bytes wait. */
  send(payload: Uint8Array): void;
  /** The payload is valid only during the call. */
  onDatagram: (payload: Uint8Array) => void;
  /** The other end's socket failed (an ICMP error came back: a closed port), or the flow has ended (null). */
  onClosed: (errno: DialErrno | null) => void;
  /**
   * The peer's host has sent from another port to the same socket, which is a flow of its own from then on; its first
   * datagram follows.  Without this it is closed.
   */
  onAnswer: (port: number, flow: FlowDatagrams) => void;
  /** No handler is called any more. */
  close(): void;
}

/** Datagrams to one destination on the far side. */
export interface TunnelDatagrams extends FlowDatagrams {
  /** Resolves once the far socket exists; a destination that cannot be dialled gives its errno.  Never rejects. */
  readonly opened: Promise<DialOutcome>;
}

/** What the agent sees around itself. */
export interface AgentInfo {
  readonly version: string;
  readonly node: string;
  readonly hostname: string;
  /** The agent's own addresses with prefix length, loopback aside. */
  readonly addresses: readonly string[];
  /** The text of the agent's resolv.conf. */
  readonly resolvConf: string;
  /** The text of the agent's hosts file, cut off at 64 kB; empty where that is this machine's own. */
  readonly hosts: string;
  /** KUBERNETES_SERVICE_HOST, where set. */
  readonly serviceHost: string | null;
  readonly ipv6: boolean;
}

export interface TunnelOptions {
  /** Ends the attempt to create the tunnel; of no effect afterwards. */
  readonly signal?: AbortSignal;
  /** How long a lost tunnel is redialled, ms; the agent must have the same. */
  readonly resumeLimitMs?: number;
}

export interface TunnelEvents {
  /** The transport is gone; streams wait.  `reason` is plain words; told again with what keeps a new one from standing. */
  lost(reason: string): void;
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
