/**
 * Whose turn it is to send: streams with bytes and credit, a quantum each, while the byte stream has room in flight.  What
 * is written in one turn of the event loop leaves in one write.
 */
import type { ByteStream } from '../connection/byte-stream.ts';
import { QUANTUM } from './limits.ts';
import { SMALL_PIECE } from '../connection/limits.ts';
import { MUX, muxFrame, muxHeader } from './frame.ts';
import type { MuxStream } from './stream.ts';

export class MuxTurns {
  readonly #bytes: ByteStream;
  #ready: MuxStream[] = [];
  #isQueued = false;
  #isOver = false;
  /** What a stream hands out for its frame. */
  readonly #pieces: Uint8Array[] = [];
  readonly #releases: ((() => void) | undefined)[] = [];
  readonly #out = (piece: Uint8Array, release: (() => void) | undefined): void => {
    this.#pieces.push(piece);
    this.#releases.push(release);
  };
  readonly #turnEnds = (): void => this.#send();
  readonly #beforeStreams: () => void;

  /** `beforeStreams` may write what goes before the streams' bytes. */
  constructor(bytes: ByteStream, beforeStreams: () => void) {
    this.#bytes = bytes;
    this.#beforeStreams = beforeStreams;
  }

  add(stream: MuxStream): void {
    if (stream.isQueued || this.#isOver) return;
    stream.isQueued = true;
    this.#ready.push(stream);
    this.schedule();
  }

  /** Something has been written, or there is room again. */
  schedule(): void {
    if (this.#isQueued || this.#isOver) return;
    this.#isQueued = true;
    setImmediate(this.#turnEnds);
  }

  close(): void {
    this.#isOver = true;
    this.#ready = [];
  }

  #send(): void {
    this.#isQueued = false;
    if (this.#isOver) return;
    this.#beforeStreams();
    const bytes = this.#bytes;
    while (bytes.room > 0 && this.#ready.length > 0) {
      const stream = this.#ready.shift() as MuxStream;
      this.#sendQuantum(stream);
      if (stream.canSend) {
        this.#ready.push(stream);
      } else {
        stream.isQueued = false;
        stream.endIfDone();
      }
    }
    bytes.flush();
  }

  #sendQuantum(stream: MuxStream): void {
    const bytes = this.#bytes;
    const pieces = this.#pieces;
    const releases = this.#releases;
    pieces.length = 0;
    releases.length = 0;
    const { isWithinChunk } = stream;
    const length = stream.take(QUANTUM, this.#out);
    if (length === 0) return;
    if (length < SMALL_PIECE * pieces.length) {
      const whole = pieces.length === 1 ? pieces[0] : Buffer.concat(pieces, length);
      // What is copied is free, but for a chunk whose beginning has yet to be read from where it is.
      bytes.write(muxFrame(stream.id, MUX.data, whole), isWithinChunk ? releases[0] : undefined);
      for (let i = isWithinChunk ? 1 : 0; i < releases.length; i++) releases[i]?.();
      return;
    }
    bytes.write(muxHeader(stream.id, MUX.data, length));
    for (let i = 0; i < pieces.length; i++) bytes.write(pieces[i], releases[i]);
  }
}
