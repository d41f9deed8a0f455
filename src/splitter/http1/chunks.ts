/** Walks over a chunked body (RFC 9112, section 7.1) without changing it. */
import { CR, LF } from './characters.ts';
import { MALFORMED } from './head-scanner.ts';

/** What is expected next. */
type State =
  | 'size'
  | 'extension'
  | 'size-feed'
  | 'data'
  | 'data-return'
  | 'data-feed'
  | 'trailer-start'
  | 'trailer'
  | 'trailer-feed'
  | 'last-feed'
  | 'over'
  /** For good: what came was not a chunk. */
  | 'broken';

/** Hexadecimal digits of a size: 12 are exact as a number. */
const DIGITS_LIMIT = 12;
const SEMICOLON = 0x3b;

/** Gets each run of the body's own bytes. */
export type DataSink = (bytes: Buffer, from: number, to: number) => void;

export class Chunks {
  #state: State = 'size';
  #size = 0;
  #digits = 0;
  #left = 0;

  get isOver(): boolean {
    return this.#state === 'over';
  }

  /** Returns where it came to: behind the body when it is over, else the end of `bytes`; or `MALFORMED`. */
  walk(bytes: Buffer, from: number, sink?: DataSink): number {
    let at = from;
    while (at < bytes.length && this.#state !== 'over') {
      if (this.#state === 'broken') return MALFORMED;
      if (this.#state === 'data') {
        const length = Math.min(this.#left, bytes.length - at);
        sink?.(bytes, at, at + length);
        at += length;
        this.#left -= length;
        if (this.#left === 0) this.#state = 'data-return';
        continue;
      }
      this.#state = this.#after(this.#state, bytes[at++]) ?? 'broken';
    }
    return this.#state === 'broken' ? MALFORMED : at;
  }

  #after(state: Exclude<State, 'data' | 'over' | 'broken'>, byte: number): State | null {
    switch (state) {
      case 'size':
        return this.#sized(byte);
      case 'extension':
        return byte === CR ? 'size-feed' : byte === LF ? null : 'extension';
      case 'size-feed':
        return byte === LF ? this.#chunk() : null;
      case 'data-return':
        return byte === CR ? 'data-feed' : null;
      case 'data-feed':
        return byte === LF ? 'size' : null;
      case 'trailer-start':
        return byte === CR ? 'last-feed' : byte === LF ? null : 'trailer';
      case 'trailer':
        return byte === CR ? 'trailer-feed' : byte === LF ? null : 'trailer';
      case 'trailer-feed':
        return byte === LF ? 'trailer-start' : null;
      case 'last-feed':
        return byte === LF ? 'over' : null;
    }
  }

  #sized(byte: number): State | null {
    const digit = hexOf(byte);
    if (digit !== null) {
      this.#size = this.#size * 16 + digit;
      return ++this.#digits > DIGITS_LIMIT ? null : 'size';
    }
    if (this.#digits === 0) return null;
    if (byte === CR) return 'size-feed';
    return byte === SEMICOLON ? 'extension' : null;
  }

  #chunk(): State {
    this.#left = this.#size;
    this.#size = 0;
    this.#digits = 0;
    return this.#left === 0 ? 'trailer-start' : 'data';
  }
}

function hexOf(byte: number): number | null {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : null;
}
