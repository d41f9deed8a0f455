/** Code units that no instruction of a program tells apart are one symbol. */
import { NEWLINE, WORD } from './character-set.ts';
import type { Program } from './program.ts';

/** Bytes are looked up in a table, the rest by halving. */
const TABLE = 256;

export class Alphabet {
  /** First code unit of each symbol, ascending. */
  readonly #starts: readonly number[];
  readonly #table = new Uint16Array(TABLE);

  constructor({ instructions }: Program) {
    const starts = new Set([0]);
    const ranges = instructions.flatMap((one) => (one.kind === 'character' ? one.ranges : []));
    for (const [first, last] of [...ranges, ...WORD, ...NEWLINE]) starts.add(first).add(last + 1);
    this.#starts = [...starts].sort((a, b) => a - b);
    for (let code = 0; code < TABLE; code++) this.#table[code] = this.#search(code);
  }

  get size(): number {
    return this.#starts.length;
  }

  symbolOf(code: number): number {
    return code < TABLE ? this.#table[code] : this.#search(code);
  }

  /** One code unit of the symbol. */
  exampleOf(symbol: number): number {
    return this.#starts[symbol];
  }

  #search(code: number): number {
    let low = 0;
    let high = this.#starts.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (this.#starts[middle] <= code) low = middle;
      else high = middle;
    }
    return low;
  }
}
