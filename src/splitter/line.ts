/** One pipe, and what is to be written to it at the end of the turn. */
import { GATHER_LIMIT } from './limits.ts';
import type { BytePipe } from './pipe.ts';

export class Line {
  readonly pipe: BytePipe;
  /** The pipe takes no more until `onDrain`. */
  isFull = false;
  /** FIN has been written. */
  hasEnded = false;
  /** As pipes are handed out. */
  #isPaused = true;
  #pieces: Buffer[] = [];
  #waiting = 0;
  /* The latest piece, which may grow: neighbours in one chunk are one write. */
  #chunk: Buffer | null = null;
  #from = 0;
  #to = 0;

  constructor(pipe: BytePipe) {
    this.pipe = pipe;
  }

  /** Bytes that wait for `flush`. */
  get waiting(): number {
    return this.#waiting;
  }

  put(chunk: Buffer, from = 0, to = chunk.length): void {
    this.#waiting += to - from;
    if (chunk === this.#chunk && from === this.#to) {
      this.#to = to;
      return;
    }
    this.#cut();
    this.#chunk = chunk;
    this.#from = from;
    this.#to = to;
  }

  flush(): void {
    this.#cut();
    if (this.#pieces.length === 0) return;
    const pieces = this.#pieces;
    const total = this.#waiting;
    this.#pieces = [];
    this.#waiting = 0;
    if (pieces.length === 1) this.#write(pieces[0]);
    else if (total <= GATHER_LIMIT) this.#write(Buffer.concat(pieces, total));
    else for (const piece of pieces) this.#write(piece);
  }

  end(): void {
    if (this.hasEnded) return;
    this.flush();
    this.hasEnded = true;
    this.pipe.end();
  }

  flow(isOn: boolean): void {
    if (this.#isPaused !== isOn) return;
    this.#isPaused = !isOn;
    if (isOn) this.pipe.resume();
    else this.pipe.pause();
  }

  #cut(): void {
    const chunk = this.#chunk;
    if (chunk === null) return;
    this.#chunk = null;
    if (this.#from === this.#to) return;
    this.#pieces.push(this.#from === 0 && this.#to === chunk.length ? chunk : chunk.subarray(this.#from, this.#to));
  }

  #write(bytes: Buffer): void {
    if (!this.pipe.write(bytes)) this.isFull = true;
  }
}
