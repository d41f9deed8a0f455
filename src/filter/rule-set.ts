import type { AddressBytes } from '../net/index.ts';
import type { Protocol } from './entry.ts';
import { PrefixTable } from './prefix-table.ts';
import type { FilterRule } from './rule.ts';

/** A destination as far as it is known. */
export interface Destination {
  /** Every form of its name (`nameForms`), the one asked for first; empty when it has no name. */
  readonly names: readonly string[];
  readonly address: AddressBytes | null;
  /** Null: no particular port; only entries without port match. */
  readonly port: number | null;
  /** Null: no particular protocol; only entries for any protocol match. */
  readonly protocol: Protocol | null;
}

/** The entries for one host, by port; at most one per protocol and port, the first of equal ones. */
class PortTable {
  readonly #ports = new Map<number | null, FilterRule[]>();

  add(rule: FilterRule): void {
    const list = this.#ports.get(rule.entry.port);
    if (list === undefined) this.#ports.set(rule.entry.port, [rule]);
    else if (!list.some((other) => other.entry.protocol === rule.entry.protocol)) list.push(rule);
  }

  /** An entry with the port goes before one without, one with the protocol before one for any. */
  find(port: number | null, protocol: Protocol | null): FilterRule | undefined {
    const exact = port === null ? undefined : pick(this.#ports.get(port), protocol);
    return exact ?? pick(this.#ports.get(null), protocol);
  }

  *all(): Generator<FilterRule> {
    for (const list of this.#ports.values()) yield* list;
  }
}

/**
 * A list of entries, indexed: what a lookup costs does not depend on how many there are.
 *
 * Where several entries match, the most specific one is named, so that the answer does not depend on their order: a name
 * before a wildcard, the longer wildcard, a range before everything, the smaller range; then with port, then with
 * protocol.
 */
export class RuleSet {
  readonly rules: readonly FilterRule[];
  readonly #names = new Map<string, PortTable>();
  readonly #suffixes = new Map<string, PortTable>();
  readonly #ranges = new PrefixTable<PortTable>();
  readonly #everything = new PortTable();

  constructor(rules: readonly FilterRule[]) {
    this.rules = rules;
    for (const rule of rules) this.#tableFor(rule).add(rule);
  }

  find(destination: Destination): FilterRule | undefined {
    const { port, protocol, address } = destination;
    for (const table of this.#tablesForNames(destination.names)) {
      const found = table.find(port, protocol);
      if (found !== undefined) return found;
    }
    if (address !== null) {
      for (const { value } of this.#ranges.covering(address)) {
        const found = value.find(port, protocol);
        if (found !== undefined) return found;
      }
    }
    return this.#everything.find(port, protocol);
  }

  /** Every entry that means this host by a name, whatever its port and protocol. */
  rulesFor(names: readonly string[]): FilterRule[] {
    return [...new Set(this.#tablesForNames(names).flatMap((table) => [...table.all()]))];
  }

  /** Every entry that could match on some port and protocol. */
  possible(destination: Pick<Destination, 'names' | 'address'>): FilterRule[] {
    const byRange =
      destination.address === null ? [] : [...this.#ranges.covering(destination.address)].map(({ value }) => value);
    const tables = [...this.#tablesForNames(destination.names), ...byRange, this.#everything];
    return [...new Set(tables.flatMap((table) => [...table.all()]))];
  }

  #tablesForNames(names: readonly string[]): PortTable[] {
    const exact = names.map((name) => this.#names.get(name));
    const below = this.#suffixes.size === 0 ? [] : [...new Set(names.flatMap(parents))];
    // The longest suffix is the most specific; names of one length are told apart by their letters.
    below.sort((a, b) => b.length - a.length || (a < b ? -1 : 1));
    return [...exact, ...below.map((suffix) => this.#suffixes.get(suffix))].filter((table) => table !== undefined);
  }

  #tableFor({ entry }: FilterRule): PortTable {
    switch (entry.host.kind) {
      case 'name':
        return tableIn(this.#names, entry.host.name);
      case 'below':
        return tableIn(this.#suffixes, entry.host.suffix);
      case 'range': {
        let table = this.#ranges.get(entry.host.range);
        if (table === undefined) this.#ranges.set(entry.host.range, (table = new PortTable()));
        return table;
      }
      case 'any':
      case 'any-address':
        return this.#everything;
    }
  }
}

function pick(list: readonly FilterRule[] | undefined, protocol: Protocol | null): FilterRule | undefined {
  const own = protocol === null ? undefined : list?.find(({ entry }) => entry.protocol === protocol);
  return own ?? list?.find(({ entry }) => entry.protocol === 'any');
}

function tableIn(tables: Map<string, PortTable>, name: string): PortTable {
  let table = tables.get(name);
  if (table === undefined) tables.set(name, (table = new PortTable()));
  return table;
}

/** `a.b.c` is below `b.c` and `c`. */
function parents(name: string): string[] {
  const found: string[] = [];
  for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) found.push(name.slice(dot + 1));
  return found;
}
