/** Sets of UTF-16 code units, as sorted ranges that do not touch. */
import type { Range } from './syntax.ts';

const LAST = 0xffff;
/** Up to here a character's other case is looked for: Latin, Greek, Cyrillic. */
const LAST_CASED = 0x52f;

export const DIGITS: readonly Range[] = [[0x30, 0x39]];
export const WORD: readonly Range[] = [
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
];
export const BLANKS: readonly Range[] = [
  [0x09, 0x0d],
  [0x20, 0x20],
];
export const ALL: readonly Range[] = [[0, LAST]];
export const NEWLINE: readonly Range[] = [[0x0a, 0x0a]];

/** POSIX names inside brackets: `[[:alpha:]]`. */
export const NAMED: Readonly<Record<string, readonly Range[]>> = {
  alnum: [
    [0x30, 0x39],
    [0x41, 0x5a],
    [0x61, 0x7a],
  ],
  alpha: [
    [0x41, 0x5a],
    [0x61, 0x7a],
  ],
  blank: [
    [0x09, 0x09],
    [0x20, 0x20],
  ],
  digit: DIGITS,
  lower: [[0x61, 0x7a]],
  punct: [
    [0x21, 0x2f],
    [0x3a, 0x40],
    [0x5b, 0x60],
    [0x7b, 0x7e],
  ],
  space: BLANKS,
  upper: [[0x41, 0x5a]],
  word: WORD,
  xdigit: [
    [0x30, 0x39],
    [0x41, 0x46],
    [0x61, 0x66],
  ],
};

export function union(ranges: readonly Range[]): readonly Range[] {
  const merged: [number, number][] = [];
  for (const [first, last] of ranges.toSorted((a, b) => a[0] - b[0])) {
    const before = merged.at(-1);
    if (before !== undefined && first <= before[1] + 1) before[1] = Math.max(before[1], last);
    else merged.push([first, last]);
  }
  return merged;
}

export function complement(ranges: readonly Range[]): readonly Range[] {
  const gaps: Range[] = [];
  let next = 0;
  for (const [first, last] of union(ranges)) {
    if (first > next) gaps.push([next, first - 1]);
    next = last + 1;
  }
  if (next <= LAST) gaps.push([next, LAST]);
  return gaps;
}

/** With the other case of each letter. */
export function withoutCase(ranges: readonly Range[]): readonly Range[] {
  const others: Range[] = [];
  for (const [first, last] of ranges) {
    for (let code = first; code <= Math.min(last, LAST_CASED); code++) {
      const letter = String.fromCharCode(code);
      for (const other of [letter.toLowerCase(), letter.toUpperCase()]) {
        // ß has two letters in upper case, and none of its own.
        if (other.length === 1 && other !== letter) others.push([other.charCodeAt(0), other.charCodeAt(0)]);
      }
    }
  }
  return union([...ranges, ...others]);
}

export function contains(ranges: readonly Range[], code: number): boolean {
  return ranges.some(([first, last]) => code >= first && code <= last);
}
