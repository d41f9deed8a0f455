/**
 * What the stack offers to the layer above it, and asks of it.
 *
 * The stack terminates every flow that enters by the TUN.  It answers a SYN only when the handler says how the dial
 * inside the cluster ended, so that `connect()` tells the truth.  The stack knows nothing of tunnels, names or
 * clusters; it sees addresses and bytes.
 */

export interface Endpoint {
  /** Text form: dotted quad, or RFC 5952. */
  readonly host: string;
  readonly port: number;
}

/** Why a dial failed; maps one to one to what the program sees. */
export type Refusal =
  /** RST, or ICMP port unreachable for UDP: ECONNREFUSED. */
  | 'refused'
  /** ICMP host unreachable: EHOSTUNREACH. */
  | 'host-unreachable'
  /** ICMP network unreachable: ENETUNREACH. */
  | 'network-unreachable'
  /** ICMP administratively prohibited: EACCES or EHOSTUNREACH, by the kernel's choice. */
  | 'prohibited'
  /** Nothing is said: the program runs into its own time-out. */
  | 'timeout';

export interface TcpFlowEvents {
  /** In-order bytes from the program.  The view is valid only during the call; call `consumed` once they went on. */
  data(chunk: Uint8Array): void;
  /** The program has sent FIN (half-close): no more `data`. */
  end(): void;
  /** The flow is gone: RST by the program, or the stack gave up.  No further call follows. */
  reset(): void;
  /** `send` returned false before; there is room again. */
  drain(): void;
  /** Both directions have ended in order.  No further call follows. */
  closed(): void;
}

export interface TcpFlow {
  readonly source: Endpoint;
  readonly destination: Endpoint;

  /** The dial succeeded: SYN-ACK.  `window` is how many bytes the handler takes before it must see `consumed`. */
  accept(events: TcpFlowEvents, window: number): void;
  /** The dial failed. */
  refuse(reason: Refusal): void;
  /** Before accept or refuse: called when the program gave up (RST, or SYN retries ended). */
  onAbandoned: () => void;

  /** `bytes` of what `data` delivered have gone on: opens the advertised window again by as much. */
  consumed(bytes: number): void;
  /** Changes the window's size (bandwidth-delay tuning); never shrinks what was already advertised. */
  resize(window: number): void;

  /**
   * Queues a copy of the bytes for the program.  Returns false when the queue is over its mark: stop until `drain`.
   */
  send(chunk: Uint8Array): boolean;
  /** FIN after everything queued. */
  end(): void;
  /** RST after what was sent, or as soon as the program sends more.  No handler is called any more. */
  reset(): void;
}

export interface UdpFlow {
  readonly source: Endpoint;
  readonly destination: Endpoint;
  /** Datagrams from the program; the view is valid only during the call.  Set this in the handler. */
  onDatagram: (payload: Uint8Array) => void;
  /** The flow is gone (idle, or refused). */
  onClosed: () => void;
  /** A datagram for the program, up to 65,507 bytes (65,527 with IPv6), fragmented where needed. */
  send(payload: Uint8Array): void;
  /**
   * The flow of the same socket with another port of the same destination, which has answered from there; null when
   * there is one already, or when there are too many.  Its handlers are to be set at once.
   */
  answeredFrom(port: number): UdpFlow | null;
  /** ICMP unreachable in answer to the last datagram; the flow ends. */
  refuse(reason: Exclude<Refusal, 'timeout'>): void;
  close(): void;
}

export interface EchoRequest {
  readonly source: string;
  readonly destination: string;
  /** Sends the echo reply, or ICMP unreachable; 'timeout' sends nothing. */
  reply(outcome: 'reachable' | Refusal): void;
}

export interface FlowHandler {
  /** A SYN has come in.  Exactly one of `flow.accept` and `flow.refuse` must follow (unless abandoned). */
  tcp(flow: TcpFlow): void;
  /** The first datagram of a (source, destination) pair, from the program; it is delivered to `onDatagram` right after. */
  udp(flow: UdpFlow): void;
  echo(request: EchoRequest): void;
}

/** Live counters; one object for the stack's life, fields only grow except the two flow gauges. */
export interface StackCounters {
  tcpFlows: number;
  udpFlows: number;
  bytesUp: number;
  bytesDown: number;
  /** Packets dropped, by reason. */
  readonly dropped: Record<string, number>;
}
