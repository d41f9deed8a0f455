import { formatCidr, type Cidr } from '../net/index.ts';
import { MirrordError } from '../errors.ts';
import { normalName } from '../names/name.ts';
import { unmap, type Protocol } from './entry.ts';
import { propagate, type DnsLists, type SidedRules } from './propagation.ts';
import type { PrefixTable } from './prefix-table.ts';
import { formatRule, takesAll, type FilterRule, type Rule, type Side } from './rule.ts';
import { reverseAddress } from '../names/reverse.ts';
import { readRuleList } from './rule-list.ts';
import { RuleSet, type Destination } from './rule-set.ts';
import { buildScopeTable, hostRanges, isNever, type Mark, type MarkReason, type Scope } from './scope-table.ts';
import {
  DNS_FILTER,
  filterList,
  OUTGOING,
  OUTGOING_FILTER,
  type FilterLists,
  type NetworkSettings,
} from './settings.ts';

export type DecisionReason =
  | MarkReason
  /** An entry of the filter matched. */
  | 'filter'
  /** Nothing in `filter.remote` matched. */
  | 'not-listed'
  /** TCP or UDP, or both, are off. */
  | 'protocol-off'
  | 'ipv6-off'
  /** `scope: "all"` where the cluster, or this session, has no IPv6: unreachable. */
  | 'ipv6-shut'
  | 'cluster-name'
  | 'out-of-scope';

export interface Decision {
  readonly side: Side;
  readonly reason: DecisionReason;
  /** The rule that decided; null where a default did. */
  readonly rule: Rule | null;
  /** The range that decided, where one did. */
  readonly range: string | null;
}

export interface NameDecision {
  /** `default`: by what kind of name it is, as without a filter. */
  readonly answer: 'cluster' | 'local' | 'default';
  readonly rule: Rule | null;
}

/** `feature.network`, compiled: every decision that can be made without the cluster. */
export class Filter {
  readonly settings: NetworkSettings;
  /** Which list the outgoing filter is; null without a filter. */
  readonly side: 'local' | 'remote' | null;
  readonly rules: RuleSet;
  readonly dns: DnsLists;
  /** `dns.domains`, as names are compared. */
  readonly domains: readonly string[];
  /** `dns.hosts`, its names as they are compared. */
  readonly hosts: ReadonlyMap<string, readonly string[]>;
  readonly #dnsLocal: RuleSet;
  readonly #dnsCluster: RuleSet;

  /** The settings have been verified; an entry that is none is a `filter-entry` error all the same. */
  constructor(settings: NetworkSettings) {
    const outgoing = readRules(settings.outgoing.filter, 'outgoing');
    const active =
      outgoing === null ? null : { side: outgoing.side, rules: outgoing.rules.filter(protocolIsOn(settings)) };
    this.settings = settings;
    this.side = active?.side ?? null;
    this.rules = new RuleSet(active?.rules ?? []);
    this.dns = propagate(active, readRules(settings.dns.filter, 'dns'));
    this.#dnsLocal = new RuleSet(this.dns.local);
    this.#dnsCluster = new RuleSet(this.dns.cluster);
    this.domains = settings.dns.domains.map(normalName);
    this.hosts = new Map(Object.entries(settings.dns.hosts).map(([name, list]) => [normalName(name), list]));
  }

  /** Who answers for a name, given all its forms. */
  resolve(names: readonly string[]): NameDecision {
    if (!this.settings.dns.enabled)
      return { answer: 'local', rule: { key: 'feature.network.dns.enabled', index: null, text: 'false' } };
    if (names.some(isLocalhost)) return { answer: 'local', rule: null };
    const local = lookUp(this.#dnsLocal, names);
    if (local !== undefined) return { answer: 'local', rule: local.rule };
    const cluster = lookUp(this.#dnsCluster, names);
    if (cluster !== undefined) return { answer: 'cluster', rule: cluster.rule };
    if (this.dns.othersLocal)
      return { answer: 'local', rule: { key: `${DNS_FILTER}.remote`, index: null, text: 'not listed' } };
    const everything = this.settings.outgoing.scope === 'all' && this.side !== 'remote';
    return { answer: everything ? 'cluster' : 'default', rule: null };
  }

  /** The fixed answer of `dns.hosts`. */
  host(names: readonly string[]): readonly string[] | undefined {
    for (const name of names) {
      const addresses = this.hosts.get(name);
      if (addresses !== undefined) return addresses;
    }
    return undefined;
  }

  /** The entries that mean this host by name, protocols that are off left out. */
  rulesFor(names: readonly string[]): readonly FilterRule[] {
    return this.rules.rulesFor(names);
  }

  /** The filter with the cluster's ranges: decisions about addresses. */
  within(scope: Scope): ScopedFilter {
    return new ScopedFilter(this, scope);
  }
}

/** A filter and the ranges it works on. */
export class ScopedFilter {
  readonly filter: Filter;
  readonly scope: Scope;
  /** Which side each range is on when no entry of `filter.local` matches. */
  readonly table: PrefixTable<Mark>;
  /** Whether the plan has rules, which go before every route: a name's route would not be asked behind them. */
  readonly hasRemoteRules: boolean;
  /** With `scope: "all"` nothing may leak around the tunnel: a family that it cannot carry is shut, not left alone. */
  readonly isIpv6Shut: boolean;

  constructor(filter: Filter, scope: Scope) {
    this.hasRemoteRules =
      filter.side === 'remote' &&
      filter.rules.rules.some(
        (rule) => hostRanges(rule.entry.host).length > 0 && !takesAll(rule, filter.settings.outgoing),
      );
    const { outgoing, ipv6 } = filter.settings;
    this.isIpv6Shut = outgoing.scope === 'all' && filter.side !== 'remote' && !(ipv6 && scope.ipv6);
    this.filter = filter;
    this.scope = scope;
    this.table = buildScopeTable(filter.settings, filter.side === 'remote' ? filter.rules.rules : null, scope);
  }

  /**
   * Which way a connection goes.  `clusterName` says that the destination is known only by a name of the cluster, so
   * that no address can tell.
   */
  decide(destination: Destination, clusterName = false): Decision {
    const { filter } = this;
    const to = destination.address === null ? destination : { ...destination, address: unmap(destination.address) };
    const off = this.#offSwitch(to.protocol);
    if (off !== null) return { side: 'local', reason: 'protocol-off', rule: off, range: null };
    const mark = to.address === null ? undefined : this.table.longest(to.address);
    const found = filter.rules.find(to);
    if (found !== undefined && filter.side === 'local') return byFilter('local', found);
    if (mark !== undefined && isNever(mark.value)) return decisionOf(mark);
    if (to.names.some(isLocalhost)) return plain('local', 'loopback');
    if (to.address?.length === 16 && this.isIpv6Shut && mark?.value.side === 'cluster')
      return plain('local', 'ipv6-shut');
    if (to.address?.length === 16 && !filter.settings.ipv6) return plain('local', 'ipv6-off');
    if (found !== undefined && !this.#isExcludedFrom(found, mark)) return byFilter('cluster', found);
    if (filter.side === 'remote')
      return mark?.value.reason === 'excluded' ? decisionOf(mark) : plain('local', 'not-listed');
    if (mark !== undefined) return decisionOf(mark);
    if (to.address === null && filter.settings.outgoing.scope === 'all') return plain('cluster', 'everything');
    if (to.address === null && clusterName) return plain('cluster', 'cluster-name');
    return plain('local', 'out-of-scope');
  }

  /** The switch that turns this protocol off, or both, when none in particular is asked for. */
  #offSwitch(protocol: Protocol | null): Rule | null {
    const { tcp, udp } = this.filter.settings.outgoing;
    if (protocol === 'udp' ? udp : protocol === 'tcp' ? tcp : tcp || udp) return null;
    return { key: `${OUTGOING}.${protocol ?? 'tcp'}`, index: null, text: 'false' };
  }

  /** `routes.exclude` takes an address out of a wider entry of `filter.remote`. */
  #isExcludedFrom({ entry }: FilterRule, mark: { range: Cidr; value: Mark } | undefined): boolean {
    if (mark?.value.reason !== 'excluded' || entry.host.kind === 'name' || entry.host.kind === 'below') return false;
    return entry.host.kind !== 'range' || mark.range.prefix > entry.host.range.prefix;
  }
}

/** The list as rules; null where there is no filter. */
function readRules(lists: FilterLists | undefined, kind: 'outgoing' | 'dns'): SidedRules | null {
  const list = filterList(lists);
  if (list === null) return null;
  const key = `${kind === 'dns' ? DNS_FILTER : OUTGOING_FILTER}.${list.side}`;
  const { rules, faults } = readRuleList(key, list.entries, kind);
  const first = faults[0];
  if (first !== undefined) {
    const { rule, fault } = first;
    const subject = `${formatRule(rule)} = ${JSON.stringify(rule.text)}`;
    throw new MirrordError('usage', 'filter-entry', `${subject}: ${fault.reason} (position ${fault.position}).`);
  }
  return { side: list.side, rules };
}

/** An entry for the name, or, for a reverse name, for its address. */
function lookUp(rules: RuleSet, names: readonly string[]): FilterRule | undefined {
  const address = names[0] === undefined ? null : reverseAddress(names[0]);
  if (address === null) return rules.rulesFor(names)[0];
  const found = rules.find({ names, address: unmap(address), port: null, protocol: null });
  return found?.entry.host.kind === 'any' ? undefined : found;
}

/** RFC 6761 section 6.3. */
function isLocalhost(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost');
}

function protocolIsOn(settings: NetworkSettings): (rule: FilterRule) => boolean {
  return ({ entry }) => entry.protocol === 'any' || settings.outgoing[entry.protocol];
}

function plain(side: Side, reason: DecisionReason): Decision {
  return { side, reason, rule: null, range: null };
}

function byFilter(side: Side, { rule }: FilterRule): Decision {
  return { side, reason: 'filter', rule, range: null };
}

function decisionOf({ range, value }: { range: Cidr; value: Mark }): Decision {
  return { side: value.side, reason: value.reason, rule: value.rule, range: formatCidr(range) };
}
