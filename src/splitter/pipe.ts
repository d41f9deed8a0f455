/** A byte stream as the splitter sees it, whatever carries it: a socket, or a stream of the tunnel. */

/**
 * Half-close works both ways.  A pipe is handed out paused, and calls no handler before `resume`, nor within a call of its
 * own: whatever happens meanwhile is told afterwards.  The handlers that are set then count: a pipe may change hands.
 */
export interface BytePipe {
  /**
   * Takes ownership of `bytes`.  False when so many wait that the writer should stop until `onDrain`.  Bytes for a pipe
   * that has ended or is gone are dropped.
   */
  write(bytes: Uint8Array): boolean;
  /** FIN after everything written. */
  end(): void;
  /** RST; drops what waits.  No handler is called any more. */
  reset(): void;
  /** Backpressure: `onData` and `onEnd` are not called until `resume`; a reset may be. */
  pause(): void;
  resume(): void;
  /** The receiver may keep `bytes`. */
  onData: (bytes: Buffer) => void;
  onDrain: () => void;
  /** FIN from the other end. */
  onEnd: () => void;
  /** The pipe is gone out of order: refused, reset, lost.  No call follows. */
  onReset: () => void;
}
