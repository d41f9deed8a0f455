/** A flow as those who use the multiplexer see it, at either end. */

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
