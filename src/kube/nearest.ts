import { editDistance } from '../edit-distance.ts';

/** How many names a message offers at most. */
const OFFERED = 5;

/** The names most like `wanted`, best first; a few of all of them when nothing is like it. */
export function nearest(wanted: string, names: readonly string[]): readonly string[] {
  const scored = names.map((name) => ({ name, score: distance(wanted.toLowerCase(), name.toLowerCase()) }));
  scored.sort((a, b) => a.score - b.score || a.name.localeCompare(b.name));
  return scored.slice(0, OFFERED).map((item) => item.name);
}

/** A name that holds the other, or is held by it, counts as near. */
function distance(a: string, b: string): number {
  return b.includes(a) || a.includes(b) ? Math.abs(a.length - b.length) / 100 : editDistance(a, b);
}
