/**
 * What the session asks of the far side, whatever carries it.
 *
 * Two layers stand behind this interface: a resumable byte stream over a replaceable transport, and HTTP/2 on it
 * (RFC 9113): one CONNECT stream per TCP flow, CONNECT-UDP capsules (RFC 9298, RFC 9297) per UDP flow,
 * `application/dns-message` (RFC 8484) for DNS questions, PING for the round trip.  Nothing here is Kubernetes'.
 */
import type { Duplex } from 'node:stream';

/** Opens one more connection to the same agent; called again after each loss. */
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

/** A byte stream to one destination.  Half-close works both ways; `reset` is RST. */
export interface TunnelStream {
  readonly opened: Promise<DialOutcome>;
  /** Takes ownership of `chunk`.  `done` is called when the bytes have left this layer's queue. */
  write(chunk: Uint8Array, done: () => void): void;
  /** FIN after everything written. */
  end(): void;
  reset(): void;
  /** Bytes from the far side; the chunk is the receiver's to keep.  Set before `opened` resolves. */
  onData: (chunk: Uint8Array) => void;
  /** FIN from the far side. */
  onEnd: () => void;
  /** The stream is gone out of order (RST by the far side, tunnel lost).  No call follows. */
  onReset: () => void;
  /** Backpressure towards the far side. */
  pause(): void;
  resume(): void;
}

/** Datagrams to one destination; each call is one datagram. */
export interface TunnelDatagrams {
  /** Resolves once the far socket exists; a destination that cannot be dialled gives its errno. */
  readonly opened: Promise<DialOutcome>;
  /** The payload is copied.  Dropped when more than a bounded number of bytes wait. */
  send(payload: Uint8Array): void;
  onDatagram: (payload: Uint8Array) => void;
  /** An ICMP error came back for a datagram (a closed port), or the far side ended the flow (null). */
  onClosed: (errno: DialErrno | null) => void;
  close(): void;
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
  /** KUBERNETES_SERVICE_HOST, where set. */
  readonly serviceHost: string | null;
  readonly ipv6: boolean;
}

export interface TunnelEvents {
  /** The transport is gone; streams wait.  `reason` is plain words. */
  lost(reason: string): void;
  /** The same tunnel goes on over a new transport. */
  resumed(): void;
  /** Resume is impossible: every stream has been reset and this object is dead. */
  dead(reason: string): void;
}

export interface Tunnel {
  connect(host: string, port: number): TunnelStream;
  datagrams(host: string, port: number): TunnelDatagrams;
  /** One DNS message to the agent's own name servers, as it is; rejects when no answer came in time. */
  resolve(message: Uint8Array, signal: AbortSignal): Promise<Uint8Array>;
  /** Whether the agent could reach `host` at all (ICMP echo's truth). */
  probe(host: string): Promise<DialOutcome>;
  info(): Promise<AgentInfo>;
  /** Round trip in milliseconds through the whole path. */
  ping(): Promise<number>;
  readonly resumes: number;
  close(): void;
}
