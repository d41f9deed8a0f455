/** One HTTP/2 stream as a byte flow: the same at both ends. */
import { constants } from 'node:http2';
import type { Http2Stream } from 'node:http2';
import { dropStream } from './reset.ts';
import type { FlowBytes } from './tunnel.ts';

const nothing = (): void => {};

export class Http2Flow implements FlowBytes {
  onData: (chunk: Uint8Array) => void = nothing;
  onEnd: () => void = nothing;
  onReset: () => void = nothing;
  readonly #stream: Http2Stream;
  readonly #cancel: (stream: Http2Stream) => void;
  #finSent = false;
  #finReceived = false;
  #over = false;

  /** `cancel` resets the stream in the way of this end. */
  constructor(stream: Http2Stream, cancel: (stream: Http2Stream) => void = closeWithError) {
    this.#stream = stream;
    this.#cancel = cancel;
    stream.on('data', (chunk: Buffer) => {
      if (!this.#over) this.onData(chunk);
    });
    stream.on('end', () => {
      // The end of a stream that was reset is no FIN; 'close' tells.
      if (this.#over || stream.rstCode !== constants.NGHTTP2_NO_ERROR) return;
      this.#finReceived = true;
      this.onEnd();
    });
    stream.on('aborted', () => this.#lost());
    stream.on('close', () => {
      const inOrder = this.#finReceived && this.#finSent && stream.rstCode === constants.NGHTTP2_NO_ERROR;
      if (!inOrder) this.#lost();
    });
    // Node raises one for most reset codes; 'close' follows and says all that matters.
    stream.on('error', nothing);
  }

  write(chunk: Uint8Array, done: () => void): void {
    this.#stream.write(chunk, done);
  }

  end(): void {
    this.#finSent = true;
    this.#stream.end();
  }

  reset(): void {
    if (this.#over) return;
    this.#over = true;
    this.#cancel(this.#stream);
    // What waits unread would keep the stream alive.
    this.#stream.resume();
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  #lost(): void {
    if (this.#over) return;
    this.#over = true;
    this.onReset();
    // What waits unread would keep the stream alive.
    this.#stream.destroy();
  }
}

/** RFC 9113, section 8.5: a TCP error is signalled as CONNECT_ERROR. */
function closeWithError(stream: Http2Stream): void {
  dropStream(stream, constants.NGHTTP2_CONNECT_ERROR);
}
