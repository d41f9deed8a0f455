/** One pass over a text with nothing remembered: for patterns that look around, whose steps depend on the place. */
import { closureOf, NO_CHARACTER, read } from './closure.ts';
import type { Budget } from './closure.ts';
import type { Look, Program } from './program.ts';

/** Calls `found` for each place where a match ends (backwards: begins), until it returns true or the budget is used up. */
export function sweep(
  program: Program,
  text: string,
  isBackwards: boolean,
  budget: Budget,
  found: (place: number) => boolean,
): void {
  const tables = program.looks.map((look) => placesOf(look, text, budget));
  let kernel: number[] = [];
  for (let count = 0; count <= text.length && budget.left > 0; count++) {
    const place = isBackwards ? text.length - count : count;
    const before = place === 0 ? NO_CHARACTER : text.charCodeAt(place - 1);
    const after = place === text.length ? NO_CHARACTER : text.charCodeAt(place);
    const holds = (look: number): boolean => tables[look]?.[place] === 1;
    const closure = closureOf(program, [...kernel, program.start], { before, after }, holds, budget);
    if (closure.isMatch && found(place)) return;
    kernel = read(program, closure.readers, isBackwards ? before : after);
  }
}

/** One byte for each place of the text: 1 where the look is fulfilled. */
function placesOf(look: Look, text: string, budget: Budget): Uint8Array {
  const places = new Uint8Array(text.length + 1).fill(look.isNegated ? 1 : 0);
  sweep(look.program, text, !look.isBehind, budget, (place) => {
    places[place] = look.isNegated ? 0 : 1;
    return false;
  });
  return places;
}
