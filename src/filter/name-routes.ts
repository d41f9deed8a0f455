import type { PolicyRule } from '../ipc/protocol.ts';
import { formatAddress, hostCidr, formatCidr, parseAddress, type AddressBytes } from '../net/index.ts';
import { type Protocol, unmap } from './entry.ts';
import type { ScopedFilter } from './filter.ts';
import { policyRules } from './route-plan.ts';
import { formatRule, takesAll, type FilterRule } from './rule.ts';
import { isNever } from './scope-table.ts';

/** What one or more names ask of the kernel, on top of the plan.  Its rules go before those of the plan. */
export interface NameState {
  readonly routes: readonly string[];
  readonly pins: readonly string[];
  readonly rules: readonly PolicyRule[];
}

export interface NameChange {
  /** Whether the kernel has to be told. */
  readonly changed: boolean;
  readonly added: NameState;
  readonly removed: NameState;
  readonly warnings: readonly string[];
}

/** A name that holds an address, as `explain` shows it. */
export interface Holder {
  readonly name: string;
  readonly rules: readonly FilterRule[];
}

/**
 * A program may keep an answer longer than its TTL says, and connects only after it has it: the JVM keeps positive
 * answers for 30 s.  Milliseconds.
 */
export const MIN_HOLD_MS = 30_000;
/** No answer is trusted for longer than this without being asked again (RFC 8767 section 4 caps at a week); milliseconds. */
export const MAX_HOLD_MS = 86_400_000;
/** Addresses held at once; a machine that resolves more names than this loses the oldest that no flow uses. */
export const MAX_HELD_ADDRESSES = 16_384;

/** A line of a hosts file: all forms of a name, the one that stands there first. */
export interface StandingAnswer {
  readonly names: readonly string[];
  readonly addresses: readonly string[];
}

interface Hold extends Holder {
  /** Infinity: it stands in a file. */
  until: number;
  /** Order of asking: the greatest decides. */
  turn: number;
}

interface HeldAddress {
  readonly address: AddressBytes;
  readonly holds: Map<string, Hold>;
  flows: number;
  state: NameState;
}

const EMPTY: NameState = { routes: [], pins: [], rules: [] };

/** Routes, pins and rules for the addresses that one name was just answered with. */
export function nameRules(
  scoped: ScopedFilter,
  rules: readonly FilterRule[],
  addresses: readonly AddressBytes[],
): NameState {
  return join(addresses.map((address) => stateOf(scoped, rules, unmap(address))));
}

/**
 * Which names currently hold which addresses, and what the kernel has to do about it.
 *
 * An answer holds its addresses until its TTL is over and as long as a flow to them is open.  A TUN sees addresses only,
 * so where two names with different rules share one, it follows the name that was asked last.  Time is the caller's:
 * milliseconds of any clock that does not jump.
 */
export class NameRoutes {
  private scoped: ScopedFilter;
  private readonly held = new Map<string, HeldAddress>();
  private readonly warned = new Set<string>();
  private turn = 0;

  constructor(scoped: ScopedFilter) {
    this.scoped = scoped;
  }

  /** The cluster's ranges have changed: what needed a route may need none now. */
  rescope(scoped: ScopedFilter): NameChange {
    this.scoped = scoped;
    return this.update([...this.held.values()]);
  }

  /** Before an answer is given.  `names` are all forms of the name, the one asked for first. */
  answered(names: readonly string[], addresses: readonly string[], ttlSeconds: number, now: number): NameChange {
    const rules = this.scoped.filter.named(names);
    const name = names[0] ?? '';
    const until = now + Math.min(Math.max(ttlSeconds * 1000, MIN_HOLD_MS), MAX_HOLD_MS);
    const touched: HeldAddress[] = [];
    const warnings: string[] = [];
    this.turn++;
    for (const text of addresses) {
      const parsed = parseAddress(text);
      if (parsed === null) continue;
      const held = this.hold(unmap(parsed));
      warnings.push(...this.conflicts(held, { name, rules }));
      const longest = Math.max(until, held.holds.get(name)?.until ?? 0);
      held.holds.set(name, { name, rules, until: longest, turn: this.turn });
      touched.push(held);
    }
    const evicted = this.evict();
    const change = this.update([...touched, ...evicted]);
    return { ...change, warnings };
  }

  /**
   * Answers that programs read from a file, without asking: all of them, in place of those told before, which are over
   * with the next `expire`.  They hold as long as they stand there; of two names on one address an asked one decides.
   */
  standing(answers: readonly StandingAnswer[], now: number): NameChange {
    const touched: HeldAddress[] = [];
    const warnings: string[] = [];
    for (const held of this.held.values()) {
      for (const hold of held.holds.values()) if (hold.until === Infinity) hold.until = now;
    }
    for (const { names, addresses } of answers) {
      const [name = ''] = names;
      const rules = this.scoped.filter.named(names);
      for (const parsed of addresses.map(parseAddress)) {
        if (parsed === null) continue;
        const held = this.hold(unmap(parsed));
        warnings.push(...this.conflicts(held, { name, rules }));
        held.holds.set(name, { name, rules, until: Infinity, turn: held.holds.get(name)?.turn ?? 0 });
        touched.push(held);
      }
    }
    return { ...this.update(touched), warnings };
  }

  flowOpened(address: string): void {
    const held = this.held.get(address);
    if (held !== undefined) held.flows++;
  }

  flowClosed(address: string): void {
    const held = this.held.get(address);
    if (held !== undefined && held.flows > 0) held.flows--;
  }

  /** Forgets what is over. */
  expire(now: number): NameChange {
    const touched: HeldAddress[] = [];
    for (const held of this.held.values()) {
      if (held.flows > 0) continue;
      const before = held.holds.size;
      for (const [name, hold] of held.holds) if (hold.until <= now) held.holds.delete(name);
      if (held.holds.size !== before) touched.push(held);
    }
    return this.update(touched);
  }

  /** When `expire` has something to do next; null when nothing is held.  What a flow keeps is looked at once a minute. */
  nextExpiry(now: number): number | null {
    let next: number | null = null;
    for (const held of this.held.values()) {
      for (const { until } of held.holds.values()) {
        const at = held.flows > 0 ? Math.max(until, now + 2 * MIN_HOLD_MS) : until;
        if (next === null || at < next) next = at;
      }
    }
    return next === Infinity ? null : next;
  }

  /** Everything held, for the desired state. */
  state(): NameState {
    return join([...this.held.values()].map(({ state }) => state));
  }

  /** The names that hold an address, the one that decides first. */
  holders(address: string): readonly Holder[] {
    const parsed = parseAddress(address);
    const held = parsed === null ? undefined : this.held.get(formatAddress(unmap(parsed)));
    return [...(held?.holds.values() ?? [])].sort((a, b) => b.turn - a.turn);
  }

  /** The rule by which the name that decides about an address takes this port of it. */
  ruleFor(address: string, protocol: Protocol, port: number): FilterRule | undefined {
    if (this.held.size === 0) return undefined;
    return this.holders(address)[0]?.rules.find(
      ({ entry }) =>
        (entry.port === null || entry.port === port) && (entry.protocol === 'any' || entry.protocol === protocol),
    );
  }

  private hold(address: AddressBytes): HeldAddress {
    const text = formatAddress(address);
    const found = this.held.get(text);
    // Asked again: it moves to the end, so that the oldest stands first.
    this.held.delete(text);
    const held = found ?? { address, holds: new Map<string, Hold>(), flows: 0, state: EMPTY };
    this.held.set(text, held);
    return held;
  }

  /** Other names that hold the address and want another way for it; different rules with one effect are no conflict. */
  private conflicts(held: HeldAddress, next: Holder): string[] {
    const warnings: string[] = [];
    for (const other of held.holds.values()) {
      if (other.name === next.name || this.agree(other, next, held.address)) continue;
      const pair = [other.name, next.name].sort().join(' ');
      if (this.warned.has(pair)) continue;
      if (this.warned.size < MAX_HELD_ADDRESSES) this.warned.add(pair);
      const address = formatAddress(held.address);
      warnings.push(
        `${other.name} (${describe(other.rules)}) and ${next.name} (${describe(next.rules)}) share ${address}: ` +
          `connections to it follow the name that was asked last, now ${next.name}.`,
      );
    }
    return warnings;
  }

  private agree(one: Holder, other: Holder, address: AddressBytes): boolean {
    if (ruleKey(one.rules) === ruleKey(other.rules)) return true;
    const [first, second] = [one, other].map(({ rules }) => JSON.stringify(stateOf(this.scoped, rules, address)));
    return first === second;
  }

  private evict(): HeldAddress[] {
    const evicted: HeldAddress[] = [];
    for (const held of this.held.values()) {
      if (this.held.size - evicted.length <= MAX_HELD_ADDRESSES) break;
      if (held.flows > 0) continue;
      held.holds.clear();
      evicted.push(held);
    }
    return evicted;
  }

  /** Brings the state of these addresses up to date; those that nobody holds any more go. */
  private update(addresses: readonly HeldAddress[]): NameChange {
    const before: NameState[] = [];
    const after: NameState[] = [];
    for (const held of addresses) {
      const [owner] = [...held.holds.values()].sort((a, b) => b.turn - a.turn);
      const state = owner === undefined ? EMPTY : stateOf(this.scoped, owner.rules, held.address);
      if (JSON.stringify(state) !== JSON.stringify(held.state)) {
        before.push(held.state);
        after.push(state);
        held.state = state;
      }
      if (owner === undefined) this.held.delete(formatAddress(held.address));
    }
    return { changed: before.length > 0, added: join(after), removed: join(before), warnings: [] };
  }
}

function stateOf(scoped: ScopedFilter, rules: readonly FilterRule[], address: AddressBytes): NameState {
  const { settings, side } = scoped.filter;
  const mark = scoped.table.longest(address)?.value;
  if (rules.length === 0 || side === null || isNever(mark)) return EMPTY;
  if (address.length === 16 && !settings.ipv6) return EMPTY;
  const range = hostCidr(address);
  const target = side === 'local' ? 'local' : 'cluster';
  // The routes say it already.
  if ((mark?.side ?? 'local') === target) return EMPTY;
  const { outgoing } = settings;
  if (rules.some((rule) => takesAll(rule, outgoing))) {
    if (side === 'local') return { ...EMPTY, pins: [formatCidr(range)] };
    // A route cannot tell a protocol that is off.
    if (outgoing.tcp && outgoing.udp && !scoped.hasRemoteRules) return { ...EMPTY, routes: [formatCidr(range)] };
    return { ...EMPTY, rules: policyRules({ protocol: 'any', port: null }, range, side, outgoing) };
  }
  return { ...EMPTY, rules: rules.flatMap(({ entry }) => policyRules(entry, range, side, outgoing)) };
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

function join(states: readonly NameState[]): NameState {
  return {
    routes: states.flatMap(({ routes }) => routes),
    pins: states.flatMap(({ pins }) => pins),
    rules: states.flatMap(({ rules }) => rules),
  };
}
