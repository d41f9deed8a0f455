/**
 * What sockets get in one turn of the loop, put together: reads of the tunnel cut its frames anywhere, and each piece
 * alone would be a system call and a TCP segment.
 */
import { BLOCK_BYTES, blocks } from '../block-pool.ts';

/** Takes ownership of `bytes`; the pool wants them back. */
type Deliver = (bytes: Buffer) => void;

class Outbox {
  #block = blocks.take(BLOCK_BYTES);
  #fill = 0;
  /** Whose bytes are in the block. */
  #deliver: Deliver | null = null;
  #isQueued = false;
  readonly #turnEnds = (): void => {
    this.#isQueued = false;
    this.flush();
  };

  /** Copies `chunk`; it leaves with the end of the turn, with a full block, or when another one's turn comes. */
  add(deliver: Deliver, chunk: Uint8Array): void {
    if (this.#deliver !== deliver) {
      this.flush();
      this.#deliver = deliver;
      if (!this.#isQueued) setImmediate(this.#turnEnds);
      this.#isQueued = true;
    }
    for (let at = 0; at < chunk.length;) {
      if (this.#fill === BLOCK_BYTES) this.#send(deliver);
      const end = Math.min(at + BLOCK_BYTES - this.#fill, chunk.length);
      this.#block.set(chunk.subarray(at, end), this.#fill);
      this.#fill += end - at;
      at = end;
    }
  }

  /** To be called before what must not overtake the bytes. */
  flush(): void {
    const deliver = this.#deliver;
    if (deliver === null) return;
    this.#deliver = null;
    this.#send(deliver);
  }

  #send(deliver: Deliver): void {
    const bytes = this.#block.subarray(0, this.#fill);
    this.#fill = 0;
    if (bytes.length * 2 <= BLOCK_BYTES) return deliver(blocks.copy(bytes));
    this.#block = blocks.take(BLOCK_BYTES);
    deliver(bytes);
  }
}

/** One for all sockets: frames come one after the other. */
export const outbox = new Outbox();
