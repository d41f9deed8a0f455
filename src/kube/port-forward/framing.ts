/** How one port's bytes travel in the messages of a WebSocket; there are two ways, which both ends agree on. */

/** What messages mean to the stream. */
export type Frame =
  | { readonly kind: 'data'; readonly payload: Buffer }
  /** The far side's words; the stream is over. */
  | { readonly kind: 'error'; readonly text: string }
  /** The far side has accepted the port. */
  | { readonly kind: 'ready' }
  /** The program in the pod has closed its connection. */
  | { readonly kind: 'end' }
  /** To be sent back as it is. */
  | { readonly kind: 'answer'; readonly message: Buffer }
  | { readonly kind: 'malformed'; readonly reason: string };

/** One connection's state; messages are given in order. */
export interface Framing {
  /** Sent first, where the protocol wants it. */
  readonly opening: Buffer | null;
  /** What stands before `length` bytes of data in one message. */
  head(length: number): Buffer;
  read(message: Buffer, take: (frame: Frame) => void): void;
}
