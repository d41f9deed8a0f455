/** One client's session as those who serve it see it: it outlives its transports. */
import type { ByteStream } from '../connection/byte-stream.ts';

const nothing = (): void => {};

export class ServedSession {
  onLost: () => void = nothing;
  onResumed: () => void = nothing;
  /** No call follows. */
  onEnded: () => void = nothing;
  readonly #stream: ByteStream;

  constructor(stream: ByteStream) {
    this.#stream = stream;
  }

  get isConnected(): boolean {
    return this.#stream.connected;
  }

  /** Is the client still there?  A transport that is dead is lost soon. */
  doubt(): void {
    this.#stream.doubt();
  }
}
