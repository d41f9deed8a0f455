/** One address, and the names that led to it. */
import type { AddressBytes } from '../net/index.ts';
import { EMPTY, type NameState } from './name-state.ts';
import type { FilterRule } from './rule.ts';

/** A name that holds an address, as `explain` shows it. */
export interface Holder {
  readonly name: string;
  readonly rules: readonly FilterRule[];
}

/**
 * Names remembered for one address.  Thousands share one behind a CDN; those asked last are what decides, and what
 * `explain` shows.
 */
export const MAX_HOLDERS = 16;

interface Hold extends Holder {
  /** Infinity: it stands in a file. */
  until: number;
  /** Order of asking: the greatest decides. */
  readonly turn: number;
}

export class ResolvedAddress {
  readonly address: AddressBytes;
  /** Open to it through the tunnel. */
  flows = 0;
  /** What the kernel was told. */
  state: NameState = EMPTY;
  /** By name; those that were asked for in the order of asking. */
  readonly #holds = new Map<string, Hold>();

  constructor(address: AddressBytes) {
    this.address = address;
  }

  /** The names, the one that decides first. */
  get holders(): readonly Holder[] {
    return [...this.#holds.values()].sort((a, b) => b.turn - a.turn);
  }

  /** Whether a filter entry has a say: without one it goes the way of its range, whatever its names. */
  get isDecided(): boolean {
    for (const { rules } of this.#holds.values()) if (rules.length > 0) return true;
    return false;
  }

  /** Holds until then at the least, and decides from now on. */
  asked(holder: Holder, until: number, turn: number): void {
    const before = this.#holds.get(holder.name);
    this.#holds.delete(holder.name);
    this.#holds.set(holder.name, { ...holder, until: Math.max(until, before?.until ?? 0), turn });
    if (this.#holds.size <= MAX_HOLDERS) return;
    for (const [name, hold] of this.#holds) {
      if (hold.until === Infinity) continue;
      this.#holds.delete(name);
      break;
    }
  }

  /** Holds as long as it stands in a file. */
  stands(holder: Holder): void {
    this.#holds.set(holder.name, { ...holder, until: Infinity, turn: this.#holds.get(holder.name)?.turn ?? 0 });
  }

  /** What stood in a file is over at `now`. */
  standsNoMore(now: number): void {
    for (const hold of this.#holds.values()) if (hold.until === Infinity) hold.until = now;
  }

  /** A flow has used the name that decides: it holds until then at the least. */
  used(until: number): void {
    let last: Hold | undefined;
    for (const hold of this.#holds.values()) if (last === undefined || hold.turn > last.turn) last = hold;
    if (last !== undefined) last.until = Math.max(last.until, until);
  }

  /** Forgets the names that are over; true when there were any. */
  expire(now: number): boolean {
    const before = this.#holds.size;
    for (const [name, { until }] of this.#holds) if (until <= now) this.#holds.delete(name);
    return this.#holds.size < before;
  }

  /** When `expire` has something to do next. */
  get nextExpiry(): number {
    let next = Infinity;
    for (const { until } of this.#holds.values()) next = Math.min(next, until);
    return next;
  }

  forget(): void {
    this.#holds.clear();
  }
}
