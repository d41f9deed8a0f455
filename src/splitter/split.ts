/** Where it begins. */
import { Opening } from './opening.ts';
import type { Split, SplitOptions } from './options.ts';

/** Takes over the client's pipe, in the turn in which it was handed out. */
export function splitConnection(options: SplitOptions): Split {
  return new Opening(options);
}
