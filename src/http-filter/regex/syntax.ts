/** What a pattern says, as a tree. */

/** Code units from the first to the last, both included. */
export type Range = readonly [first: number, last: number];

/** A place between two characters. */
export type Anchor = 'text-start' | 'text-end' | 'line-start' | 'line-end' | 'word-edge' | 'no-word-edge';

export type Syntax =
  | { readonly kind: 'character'; readonly ranges: readonly Range[] }
  | { readonly kind: 'sequence'; readonly parts: readonly Syntax[] }
  | { readonly kind: 'choice'; readonly options: readonly Syntax[] }
  /** `most` may be Infinity. */
  | { readonly kind: 'repeat'; readonly part: Syntax; readonly least: number; readonly most: number }
  | { readonly kind: 'anchor'; readonly anchor: Anchor }
  | { readonly kind: 'look'; readonly part: Syntax; readonly isBehind: boolean; readonly isNegated: boolean };

/** A pattern that cannot be used; the message is a clause for a user: `unclosed group at 3`. */
export class PatternError extends Error {}
