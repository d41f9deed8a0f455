/** The body of one message, walked over as its bytes come. */
import { Chunks } from './chunks.ts';
import type { DataSink } from './chunks.ts';
import type { Extent } from './fields.ts';

export class Body {
  readonly extent: Extent;
  readonly #chunks: Chunks | null;
  #left: number;

  constructor(extent: Extent) {
    this.extent = extent;
    this.#chunks = extent === 'chunked' ? new Chunks() : null;
    this.#left = typeof extent === 'number' ? extent : Infinity;
  }

  get isOver(): boolean {
    return this.#chunks?.isOver ?? this.#left === 0;
  }

  /** Returns where it came to: behind the body when it is over, else the end of `bytes`; or `MALFORMED`. */
  walk(bytes: Buffer, at: number, sink?: DataSink): number {
    if (this.#chunks !== null) return this.#chunks.walk(bytes, at, sink);
    const end = Math.min(bytes.length, at + this.#left);
    this.#left -= end - at;
    sink?.(bytes, at, end);
    return end;
  }
}
