/**
 * Finds the end of a head, and whether every byte up to there is as the grammar wants it.  Strict on purpose: where two
 * programs may read differently (bare LF, folded lines, a blank before the colon), neither reading is ours to choose.
 */
import { HEAD_LIMIT } from '../limits.ts';
import { COLON, CR, LF, skipToken, skipValue } from './characters.ts';

/** The end has not come yet. */
export const PARTIAL = -1;
/** Not HTTP/1, or not in one reading only. */
export const MALFORMED = -2;

/** Whether the bytes are a start line; with `isWhole` false, the beginning of one. */
export type StartLine = (bytes: Buffer, from: number, to: number, isWhole: boolean) => boolean;

export class HeadScanner {
  readonly #isStart: StartLine;
  /** From the head's first byte to the first line that has not been looked at. */
  #scanned = 0;

  constructor(isStart: StartLine) {
    this.#isStart = isStart;
  }

  /** Of a head that is `PARTIAL`, the first line is there. */
  get hasStart(): boolean {
    return this.#scanned > 0;
  }

  /**
   * The head begins at `at` (each time until its end has come).  Returns the index behind it, `PARTIAL` or `MALFORMED`.
   * What is malformed is found so wherever the bytes were cut, though maybe later.
   */
  scan(bytes: Buffer, at: number): number {
    let line = at + this.#scanned;
    this.#scanned = 0;
    for (;;) {
      const feed = bytes.indexOf(LF, line);
      const isWhole = feed >= 0;
      if ((isWhole ? feed + 1 : bytes.length) - at > HEAD_LIMIT) return MALFORMED;
      if (!isWhole) {
        if (line === at && !this.#isStart(bytes, line, bytes.length, false)) return MALFORMED;
        this.#scanned = line - at;
        return PARTIAL;
      }
      const end = feed - 1;
      if (end < line || bytes[end] !== CR) return MALFORMED;
      if (line === at) {
        if (!this.#isStart(bytes, line, end, true)) return MALFORMED;
      } else if (end === line) return feed + 1;
      else if (!isField(bytes, line, end)) return MALFORMED;
      line = feed + 1;
    }
  }
}

function isField(bytes: Uint8Array, from: number, to: number): boolean {
  const colon = skipToken(bytes, from, to);
  return colon > from && colon < to && bytes[colon] === COLON && skipValue(bytes, colon + 1, to) === to;
}
