/** What can be reached from some instructions without reading a character. */
import { contains, NEWLINE, WORD } from './character-set.ts';
import type { Program } from './program.ts';
import type { Anchor } from './syntax.ts';

/** Before the first character, and behind the last. */
export const NO_CHARACTER = -1;

/** A place in a text, by the code units on both sides of it. */
export interface Place {
  readonly before: number;
  readonly after: number;
}

export interface Closure {
  /** The character instructions that were reached. */
  readonly readers: readonly number[];
  readonly isMatch: boolean;
}

/** Steps that a search may still take. */
export interface Budget {
  left: number;
}

/** `holds`: whether the look with this index is fulfilled at the place. */
export function closureOf(
  program: Program,
  from: readonly number[],
  place: Place,
  holds: (look: number) => boolean,
  budget: Budget,
): Closure {
  const { instructions } = program;
  const seen = new Uint8Array(instructions.length);
  const readers: number[] = [];
  const stack = [...from];
  let isMatch = false;
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    if (seen[at] === 1) continue;
    seen[at] = 1;
    budget.left--;
    const instruction = instructions[at];
    switch (instruction?.kind) {
      case 'character':
        readers.push(at);
        break;
      case 'split':
        stack.push(instruction.other, instruction.next);
        break;
      case 'anchor':
        if (isAt(instruction.anchor, place)) stack.push(instruction.next);
        break;
      case 'look':
        if (holds(instruction.look)) stack.push(instruction.next);
        break;
      case 'match':
        isMatch = true;
        break;
      case undefined:
    }
  }
  return { readers, isMatch };
}

/** Where the readers of `code` go on. */
export function read(program: Program, readers: readonly number[], code: number): number[] {
  const reached: number[] = [];
  for (const at of readers) {
    const instruction = program.instructions[at];
    if (instruction?.kind === 'character' && contains(instruction.ranges, code)) reached.push(instruction.next);
  }
  return reached;
}

function isAt(anchor: Anchor, { before, after }: Place): boolean {
  switch (anchor) {
    case 'text-start':
      return before === NO_CHARACTER;
    case 'text-end':
      return after === NO_CHARACTER;
    case 'line-start':
      return before === NO_CHARACTER || contains(NEWLINE, before);
    case 'line-end':
      return after === NO_CHARACTER || contains(NEWLINE, after);
    case 'word-edge':
      return contains(WORD, before) !== contains(WORD, after);
    case 'no-word-edge':
      return contains(WORD, before) === contains(WORD, after);
  }
}
