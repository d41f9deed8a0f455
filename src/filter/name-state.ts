/** What names ask of the kernel for the addresses that they lead to. */
import type { PolicyRule } from '../machine/network-state.ts';
import { formatCidr, hostCidr, type AddressBytes } from '../net/index.ts';
import { unmap } from './entry.ts';
import type { ScopedFilter } from './filter.ts';
import { policyRules } from './route-plan.ts';
import { takesAll, type FilterRule } from './rule.ts';
import { isNever } from './scope-table.ts';

/** On top of the plan.  Its rules go before those of the plan. */
export interface NameState {
  readonly routes: readonly string[];
  readonly pins: readonly string[];
  readonly rules: readonly PolicyRule[];
}

export const EMPTY: NameState = { routes: [], pins: [], rules: [] };

/** Routes, pins and rules for the addresses that one name was just answered with. */
export function nameRules(
  scoped: ScopedFilter,
  rules: readonly FilterRule[],
  addresses: readonly AddressBytes[],
): NameState {
  return joinStates(addresses.map((address) => stateOf(scoped, rules, unmap(address))));
}

/** What a name with these rules asks for one address. */
export function stateOf(scoped: ScopedFilter, rules: readonly FilterRule[], address: AddressBytes): NameState {
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

export function isSameState(one: NameState, other: NameState): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

export function joinStates(states: readonly NameState[]): NameState {
  return {
    routes: states.flatMap(({ routes }) => routes),
    pins: states.flatMap(({ pins }) => pins),
    rules: states.flatMap(({ rules }) => rules),
  };
}
