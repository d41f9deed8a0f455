import type { Path } from './problem.ts';

/** A parsed file: its value as plain objects, and where each part of it stands. */
export interface Document {
  readonly value: unknown;
  /** Line, from 1, of the part that `path` leads to, or of the last part on the way that is there. */
  line(path: Path): number;
}

/** What is wrong with the text as such; `line` counts from 1. */
export interface SyntaxFault {
  readonly line: number;
  readonly reason: string;
  /** Dotted key, for a fault that concerns one. */
  readonly key?: string;
}

export class SyntaxFaults extends Error {
  readonly faults: readonly SyntaxFault[];

  constructor(faults: readonly SyntaxFault[]) {
    super(faults.map(({ reason }) => reason).join('; '));
    this.faults = faults;
  }
}

/** No key of ours is deeper than this; a deeper file is junk, and would only exhaust the parsers' stacks. */
export const MAX_DEPTH = 32;

/**
 * Whether brackets alone might nest deeper than that: a quick look that takes those in texts for brackets, too.  What it
 * overlooks (closing brackets in texts) ends in the parser's own RangeError.
 */
export function mayBeDeep(text: string): boolean {
  let depth = 0;
  for (const [bracket] of text.matchAll(/[[\]{}]/g)) {
    if (bracket === '[' || bracket === '{') depth++;
    else if (depth > 0) depth--;
    if (depth > MAX_DEPTH) return true;
  }
  return false;
}

/** Numbers of lines by offset. */
export class LineIndex {
  readonly #starts: number[] = [0];

  constructor(text: string) {
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.#starts.push(at + 1);
  }

  /** Line, from 1, that holds the character at `offset`. */
  lineAt(offset: number): number {
    let low = 0;
    let high = this.#starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.#starts[middle] <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  }
}
