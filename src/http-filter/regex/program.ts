/**
 * A pattern as instructions (Thompson, "Regular expression search algorithm", CACM 11(6), 1968): the form in which all
 * ways to match are followed at once, so that time grows with the text's length and never with the ways.
 */
import { PatternError } from './syntax.ts';
import type { Anchor, Range, Syntax } from './syntax.ts';

/** Each character of a text may cost so many steps. */
const INSTRUCTION_LIMIT = 4_000;

export type Instruction =
  | { readonly kind: 'character'; readonly ranges: readonly Range[]; readonly next: number }
  | { readonly kind: 'split'; readonly next: number; readonly other: number }
  | { readonly kind: 'anchor'; readonly anchor: Anchor; readonly next: number }
  /** `look`: index into the program's list. */
  | { readonly kind: 'look'; readonly look: number; readonly next: number }
  | { readonly kind: 'match' };

/** A condition on a place that needs a search of its own. */
export interface Look {
  readonly program: Program;
  readonly isBehind: boolean;
  readonly isNegated: boolean;
}

export interface Program {
  readonly instructions: readonly Instruction[];
  readonly start: number;
  readonly looks: readonly Look[];
}

/** Throws a `PatternError` when it would become too large. */
export function compile(syntax: Syntax): Program {
  return compileFor(syntax, false, { left: INSTRUCTION_LIMIT });
}

/** What look-ahead looks for is read backwards, from the text's end. */
function compileFor(syntax: Syntax, isBackwards: boolean, budget: { left: number }): Program {
  const instructions: Instruction[] = [];
  const looks: Look[] = [];
  const add = (instruction: Instruction): number => {
    if (budget.left-- === 0) throw new PatternError('too large a pattern: its counted repeats multiply');
    return instructions.push(instruction) - 1;
  };

  /** Instructions for `part` that go on at `next`; returns where they begin. */
  const emit = (part: Syntax, next: number): number => {
    switch (part.kind) {
      case 'character':
        return add({ kind: 'character', ranges: part.ranges, next });
      case 'sequence': {
        const backToFront = isBackwards ? part.parts : part.parts.toReversed();
        return backToFront.reduce((follower, one) => emit(one, follower), next);
      }
      case 'choice':
        return part.options
          .map((option) => emit(option, next))
          .reduce((a, b) => add({ kind: 'split', next: a, other: b }));
      case 'repeat':
        return emitRepeat(part.part, part.least, part.most, next);
      case 'anchor':
        return add({ kind: 'anchor', anchor: part.anchor, next });
      case 'look': {
        const { isBehind, isNegated } = part;
        const look = looks.push({ program: compileFor(part.part, !isBehind, budget), isBehind, isNegated }) - 1;
        return add({ kind: 'look', look, next });
      }
    }
  };

  const emitRepeat = (part: Syntax, least: number, most: number, next: number): number => {
    let follower = next;
    if (most === Infinity) {
      const loop = add({ kind: 'match' });
      instructions[loop] = { kind: 'split', next: emit(part, loop), other: next };
      follower = loop;
    } else {
      for (let count = least; count < most; count++)
        follower = add({ kind: 'split', next: emit(part, follower), other: next });
    }
    for (let count = 0; count < least; count++) follower = emit(part, follower);
    return follower;
  };

  const match = add({ kind: 'match' });
  return { start: emit(syntax, match), instructions, looks };
}
