import type { AddressBytes, Cidr } from '../net/index.ts';

/**
 * Values by range, of both families, with the lookups that routing needs.  A lookup costs one map access per prefix
 * length in use, however many ranges there are.
 */
export class PrefixTable<T> {
  readonly #levels = new Map<number, Map<string, { range: Cidr; value: T }>>();
  /** Prefix lengths in use, longest first; `key` tells the families apart. */
  #order: number[] = [];

  /** Replaces the value that this very range had. */
  set(range: Cidr, value: T): void {
    let level = this.#levels.get(range.prefix);
    if (level === undefined) {
      level = new Map();
      this.#levels.set(range.prefix, level);
      this.#order = [...this.#levels.keys()].sort((a, b) => b - a);
    }
    level.set(key(range.address, range.prefix), { range, value });
  }

  get(range: Cidr): T | undefined {
    return this.#levels.get(range.prefix)?.get(key(range.address, range.prefix))?.value;
  }

  /** The most specific range that holds `address` and whose prefix is at most `longest`. */
  longest(address: AddressBytes, longest = address.length * 8): { range: Cidr; value: T } | undefined {
    for (const prefix of this.#order) {
      if (prefix > longest || prefix > address.length * 8) continue;
      const found = this.#levels.get(prefix)!.get(key(address, prefix));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Every range that holds `address` and whose prefix is at most `longest`, most specific first. */
  *covering(address: AddressBytes, longest = address.length * 8): Generator<{ range: Cidr; value: T }> {
    for (const prefix of this.#order) {
      if (prefix > longest || prefix > address.length * 8) continue;
      const found = this.#levels.get(prefix)!.get(key(address, prefix));
      if (found !== undefined) yield found;
    }
  }

  /** All ranges, least specific first. */
  *entries(): Generator<{ range: Cidr; value: T }> {
    for (const prefix of [...this.#order].reverse()) yield* this.#levels.get(prefix)!.values();
  }
}

/** The first `prefix` bits, preceded by the family. */
function key(address: AddressBytes, prefix: number): string {
  const whole = prefix >> 3;
  let text = address.length === 4 ? '4' : '6';
  for (let i = 0; i < whole; i++) text += String.fromCharCode(address[i]);
  const rest = prefix & 7;
  return rest === 0 ? text : text + String.fromCharCode(address[whole] & (0xff00 >> rest) & 0xff);
}
