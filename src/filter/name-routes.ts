import { formatAddress, parseAddress, type AddressBytes } from '../net/index.ts';
import { type Protocol, unmap } from './entry.ts';
import type { ScopedFilter } from './filter.ts';
import { ResolvedAddress, type Holder } from './resolved-address.ts';
import { EMPTY, isSameState, joinStates, type NameState, stateOf } from './name-state.ts';
import { formatRule, type FilterRule } from './rule.ts';

export interface NameChange {
  /** Whether the kernel has to be told. */
  readonly changed: boolean;
  readonly added: NameState;
  readonly removed: NameState;
  readonly warnings: readonly string[];
}

/**
 * How long an address stays decided after the last answer or the end of the last flow, whatever the TTL said: nginx and
 * connection pools resolve once and connect again much later, and would go the other way without a word.  What stays on
 * this machine is never seen, so for such flows the hour after the answer is all.  Milliseconds.
 */
export const DECIDED_HOLD_MS = 3_600_000;
/** An address that no entry decides is remembered only to tell of names that share it; milliseconds, at the least. */
export const PLAIN_HOLD_MS = 30_000;
/** No answer is trusted for longer than this without being asked again (RFC 8767 section 4 caps at a week); milliseconds. */
export const MAX_HOLD_MS = 86_400_000;
/** How often what a flow keeps is looked at, milliseconds. */
export const LOOK_AGAIN_MS = 60_000;
/**
 * Addresses held at once.  A machine that resolves more names than this loses what no entry decides, then what was asked
 * for or used longest ago; never what a flow uses.
 */
export const MAX_HELD_ADDRESSES = 16_384;
/** Policy rules, of entries with a port or protocol: the kernel goes through them one by one for each new route. */
export const MAX_HELD_RULES = 4_096;

/** A line of a hosts file: all forms of a name, the first in the line first. */
export interface StandingAnswer {
  readonly names: readonly string[];
  readonly addresses: readonly string[];
}

/**
 * Which names currently hold which addresses, and what the kernel has to do about it.
 *
 * An address that a name decided stays decided for an hour (`DECIDED_HOLD_MS`), and as long as a flow to it is open.  A
 * TUN sees addresses only, so where two names with different rules share one, it follows the name that was asked last: an
 * address that was given to another name meanwhile is that name's.  Time is the caller's: milliseconds of any clock that
 * does not jump.
 */
export class NameRoutes {
  #scoped: ScopedFilter;
  /** The one asked for or used longest ago first. */
  readonly #held = new Map<string, ResolvedAddress>();
  /** Those among them that no entry decides. */
  readonly #plain = new Set<ResolvedAddress>();
  readonly #warned = new Set<string>();
  #turn = 0;
  #ruleCount = 0;

  constructor(scoped: ScopedFilter) {
    this.#scoped = scoped;
  }

  /** The cluster's ranges have changed: what needed a route may need none now. */
  rescope(scoped: ScopedFilter): NameChange {
    this.#scoped = scoped;
    return this.#update([...this.#held.values()]);
  }

  /** Before an answer is given.  `names` are all forms of the name, the one asked for first. */
  answered(names: readonly string[], addresses: readonly string[], ttlSeconds: number, now: number): NameChange {
    const rules = this.#scoped.filter.rulesFor(names);
    const name = names[0] ?? '';
    const touched: ResolvedAddress[] = [];
    const warnings: string[] = [];
    this.#turn++;
    for (const text of addresses) {
      const parsed = parseAddress(text);
      if (parsed === null) continue;
      const held = this.#hold(unmap(parsed));
      warnings.push(...this.#conflicts(held, { name, rules }));
      const least = rules.length > 0 || held.isDecided ? DECIDED_HOLD_MS : PLAIN_HOLD_MS;
      const until = now + Math.min(Math.max(ttlSeconds * 1000, least), MAX_HOLD_MS);
      held.asked({ name, rules }, until, this.#turn);
      touched.push(held);
    }
    const told = this.#update(touched);
    const evicted = this.#update(this.#evict());
    return {
      changed: told.changed || evicted.changed,
      added: told.added,
      removed: joinStates([told.removed, evicted.removed]),
      warnings,
    };
  }

  /**
   * Answers that programs read from a file, without asking: all of them, in place of those told before, which are over
   * with the next `expire`.  They hold as long as they are in the file; of two names on one address an asked one decides.
   */
  standing(answers: readonly StandingAnswer[], now: number): NameChange {
    const touched: ResolvedAddress[] = [];
    const warnings: string[] = [];
    for (const held of this.#held.values()) held.standsNoMore(now);
    for (const { names, addresses } of answers) {
      const [name = ''] = names;
      const rules = this.#scoped.filter.rulesFor(names);
      for (const parsed of addresses.map(parseAddress)) {
        if (parsed === null) continue;
        const held = this.#hold(unmap(parsed));
        warnings.push(...this.#conflicts(held, { name, rules }));
        held.stands({ name, rules });
        touched.push(held);
      }
    }
    return { ...this.#update(touched), warnings };
  }

  flowOpened(address: string): void {
    const held = this.#held.get(address);
    if (held !== undefined) held.flows++;
  }

  /** The program that had it may connect again as it did, without asking. */
  flowClosed(address: string, now: number): void {
    const held = this.#held.get(address);
    if (held === undefined || held.flows === 0) return;
    held.flows--;
    if (held.isDecided) this.#hold(held.address).used(now + DECIDED_HOLD_MS);
  }

  /** Forgets what is over. */
  expire(now: number): NameChange {
    return this.#update([...this.#held.values()].filter((held) => held.flows === 0 && held.expire(now)));
  }

  /** When `expire` has something to do next; null when nothing is held. */
  nextExpiry(now: number): number | null {
    let next = Infinity;
    for (const { flows, nextExpiry } of this.#held.values()) {
      next = Math.min(next, flows > 0 ? Math.max(nextExpiry, now + LOOK_AGAIN_MS) : nextExpiry);
    }
    return next === Infinity ? null : next;
  }

  /** Everything held, for the desired state. */
  state(): NameState {
    return joinStates([...this.#held.values()].map(({ state }) => state));
  }

  /** The names that hold an address, the one that decides first. */
  holders(address: string): readonly Holder[] {
    const parsed = parseAddress(address);
    return (parsed === null ? undefined : this.#held.get(formatAddress(unmap(parsed))))?.holders ?? [];
  }

  /** The rule by which the name that decides about an address takes this port of it. */
  ruleFor(address: string, protocol: Protocol, port: number): FilterRule | undefined {
    if (this.#held.size === 0) return undefined;
    return this.holders(address)[0]?.rules.find(
      ({ entry }) =>
        (entry.port === null || entry.port === port) && (entry.protocol === 'any' || entry.protocol === protocol),
    );
  }

  #hold(address: AddressBytes): ResolvedAddress {
    const text = formatAddress(address);
    const held = this.#held.get(text) ?? new ResolvedAddress(address);
    // It moves to the end, so that the oldest stands first.
    this.#held.delete(text);
    this.#held.set(text, held);
    return held;
  }

  /** Other names that hold the address and want another way for it; different rules with the same effect do not conflict. */
  #conflicts(held: ResolvedAddress, next: Holder): string[] {
    const warnings: string[] = [];
    for (const other of held.holders) {
      if (other.name === next.name || this.#agree(other, next, held.address)) continue;
      const pair = [other.name, next.name].sort().join(' ');
      if (this.#warned.has(pair)) continue;
      if (this.#warned.size < MAX_HELD_ADDRESSES) this.#warned.add(pair);
      const address = formatAddress(held.address);
      warnings.push(
        `${other.name} (${describe(other.rules)}) and ${next.name} (${describe(next.rules)}) share ${address}: ` +
          `connections to it follow the name that was looked up last, now ${next.name}.`,
      );
    }
    return warnings;
  }

  #agree(one: Holder, other: Holder, address: AddressBytes): boolean {
    if (ruleKey(one.rules) === ruleKey(other.rules)) return true;
    return isSameState(stateOf(this.#scoped, one.rules, address), stateOf(this.#scoped, other.rules, address));
  }

  /** What is held beyond the bounds. */
  #evict(): ResolvedAddress[] {
    const evicted = new Set<ResolvedAddress>();
    let rules = this.#ruleCount - MAX_HELD_RULES;
    const evict = (held: ResolvedAddress): void => {
      if (held.flows > 0 || evicted.has(held)) return;
      evicted.add(held);
      held.forget();
      rules -= held.state.rules.length;
    };
    for (const held of this.#held.values()) {
      if (rules <= 0) break;
      if (held.state.rules.length > 0) evict(held);
    }
    for (const candidates of [this.#plain, this.#held.values()]) {
      for (const held of candidates) {
        if (this.#held.size - evicted.size <= MAX_HELD_ADDRESSES) break;
        evict(held);
      }
    }
    return [...evicted];
  }

  /** Brings the state of these addresses up to date; those that no name holds any more go. */
  #update(addresses: readonly ResolvedAddress[]): NameChange {
    const before: NameState[] = [];
    const after: NameState[] = [];
    for (const held of addresses) {
      const [owner] = held.holders;
      const state = owner === undefined ? EMPTY : stateOf(this.#scoped, owner.rules, held.address);
      if (!isSameState(state, held.state)) {
        before.push(held.state);
        after.push(state);
        this.#ruleCount += state.rules.length - held.state.rules.length;
        held.state = state;
      }
      this.#plain.delete(held);
      if (owner === undefined) this.#held.delete(formatAddress(held.address));
      else if (!held.isDecided) this.#plain.add(held);
    }
    return { changed: before.length > 0, added: joinStates(after), removed: joinStates(before), warnings: [] };
  }
}

function ruleKey(rules: readonly FilterRule[]): string {
  return rules
    .map(({ rule }) => formatRule(rule))
    .sort()
    .join(' ');
}

function describe(rules: readonly FilterRule[]): string {
  return rules.length === 0 ? 'no rule' : rules.map(({ rule }) => formatRule(rule)).join(', ');
}
