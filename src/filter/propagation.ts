/**
 * Names propagate from `outgoing.filter` to DNS, so that a lookup goes the way of its connection.
 *
 * | outgoing.filter | dns.filter   | effect                                                                 |
 * |-----------------|--------------|------------------------------------------------------------------------|
 * | local names     | unset, local | these names are answered by the machine                                |
 * | remote names    | unset, remote| these names are answered by the cluster                                |
 * | local names     | remote       | dns.filter alone decides                                               |
 * | remote names    | local        | dns.filter decides what it lists; the cluster answers the other names  |
 *
 * A local name with a port does not propagate: only connections to that port stay, and the host keeps its answer for all
 * others.  A remote name with a port does, because perhaps no other server knows the name.
 */
import { formatEntry } from './entry.ts';
import type { FilterRule } from './rule.ts';

export interface DnsLists {
  /** Names that the machine answers. */
  readonly local: readonly FilterRule[];
  /** Names that the cluster answers. */
  readonly cluster: readonly FilterRule[];
  /** Under `dns.filter.remote`, the machine answers every other name. */
  readonly othersLocal: boolean;
}

export interface SidedRules {
  readonly side: 'local' | 'remote';
  readonly rules: readonly FilterRule[];
}

export function propagate(outgoing: SidedRules | null, dns: SidedRules | null): DnsLists {
  const names = (outgoing?.rules ?? []).filter(isNamed);
  const own = dns?.rules ?? [];
  const othersLocal = dns?.side === 'remote';
  if (outgoing?.side === 'local') {
    const stay = names.filter(({ entry }) => entry.port === null);
    if (othersLocal) return { local: [], cluster: own, othersLocal };
    return { local: append(own, stay), cluster: [], othersLocal };
  }
  if (dns?.side === 'local') return { local: own, cluster: names, othersLocal };
  return { local: [], cluster: append(own, names), othersLocal };
}

/** Whether the entry is for a name or for the names below one. */
export function isNamed({ entry }: FilterRule): boolean {
  return entry.host.kind === 'name' || entry.host.kind === 'below';
}

/** The host as text, without protocol and port: what DNS sees of an entry. */
export function hostText(rule: FilterRule): string {
  return formatEntry({ ...rule.entry, protocol: 'any', port: null });
}

function append(first: readonly FilterRule[], more: readonly FilterRule[]): readonly FilterRule[] {
  if (first.length === 0) return more;
  const known = new Set(first.map(hostText));
  return [...first, ...more.filter((rule) => !known.has(hostText(rule)))];
}
