/** A client's connection, as the streams on it see it: a flow of the userspace stack, or a socket. */
export interface StreamPort {
  /** Takes ownership; false when the client is not reading: stop until it has drained. */
  send(bytes: Uint8Array): boolean;
  /** Lets no more bytes come, or lets them come again. */
  hold(held: boolean): void;
  /** FIN behind what was sent. */
  end(): void;
  reset(): void;
}
