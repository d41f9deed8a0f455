import { parseCidr, type Cidr } from '../net/index.ts';
import { PrefixTable } from './prefix-table.ts';
import { takesAll, type FilterRule, type Rule, type Side } from './rule.ts';
import { OUTGOING, type NetworkSettings } from './settings.ts';

/** What the cluster (or the target's namespace) offers. */
export interface Scope {
  /** The cluster's ranges, or the target namespace's. */
  readonly ranges: readonly Cidr[];
  /** Whether anything there has an IPv6 address. */
  readonly ipv6: boolean;
  /** Addresses that are never captured, whatever the configuration: API server, transport, gateway, DNS servers. */
  readonly never: readonly Cidr[];
}

/** Why a range is on its side. */
export type MarkReason =
  | 'cluster-range'
  /** `scope: "all"`. */
  | 'everything'
  | 'included'
  | 'excluded'
  /** In `filter.remote`. */
  | 'listed'
  /** Asked for by the session: API server, gateway, DNS servers. */
  | 'never'
  | 'loopback'
  | 'link';

export interface Mark {
  readonly side: Side;
  readonly reason: MarkReason;
  readonly rule: Rule | null;
}

/** They mean this machine; the kernel delivers them before it looks at any route of ours. */
const MACHINE_RANGES: readonly Cidr[] = ['0.0.0.0/8', '127.0.0.0/8', '255.255.255.255/32', '::/128', '::1/128'].map(
  mustParse,
);
/** Link-local and multicast: they mean this link, wherever they are used.  For IPv6 each link has its own routes. */
const LINK_RANGES: readonly Cidr[] = ['169.254.0.0/16', '224.0.0.0/4', 'fe80::/10', 'ff00::/8'].map(mustParse);

const EVERYTHING: readonly Cidr[] = ['0.0.0.0/0', '::/0'].map(mustParse);

/**
 * Which side each range is on, the more specific one deciding: the scope with `routes.include` and `routes.exclude`, or,
 * under `filter.remote`, what that filter lists.  Ranges of `filter.local` are not in it: they win however wide they are.
 */
export function buildScopeTable(
  settings: NetworkSettings,
  remote: readonly FilterRule[] | null,
  scope: Scope,
): PrefixTable<Mark> {
  const table = new PrefixTable<Mark>();
  const add = (range: Cidr, mark: Mark): void => {
    if (settings.ipv6 || range.address.length === 4) table.set(range, mark);
  };
  const routes = settings.outgoing.routes;
  if (remote === null) {
    const everything = settings.outgoing.scope === 'all';
    if (everything)
      for (const range of EVERYTHING) table.set(range, { side: 'cluster', reason: 'everything', rule: null });
    for (const range of scope.ranges) add(range, { side: 'cluster', reason: 'cluster-range', rule: null });
    for (const [index, text] of routes.include.entries()) {
      const rule = { key: `${OUTGOING}.routes.include`, index, text };
      add(mustParse(text), { side: 'cluster', reason: 'included', rule });
    }
  }
  for (const [index, text] of routes.exclude.entries()) {
    const rule = { key: `${OUTGOING}.routes.exclude`, index, text };
    add(mustParse(text), { side: 'local', reason: 'excluded', rule });
  }
  for (const { entry, rule } of remote ?? []) {
    if (!takesAll({ entry, rule }, settings.outgoing)) continue;
    for (const range of hostRanges(entry.host)) add(range, { side: 'cluster', reason: 'listed', rule });
  }
  for (const range of scope.never) table.set(range, { side: 'local', reason: 'never', rule: null });
  for (const range of LINK_RANGES) table.set(range, { side: 'local', reason: 'link', rule: null });
  for (const range of MACHINE_RANGES) table.set(range, { side: 'local', reason: 'loopback', rule: null });
  return table;
}

/** The ranges that an entry's host means by address; none for a name. */
export function hostRanges(host: FilterRule['entry']['host']): readonly Cidr[] {
  if (host.kind === 'any' || host.kind === 'any-address') return EVERYTHING;
  return host.kind === 'range' ? [host.range] : [];
}

/** Whether an address of this mark is captured in no case. */
export function isNever(mark: Mark | undefined): boolean {
  return mark?.reason === 'never' || mark?.reason === 'link' || mark?.reason === 'loopback';
}

function mustParse(text: string): Cidr {
  const range = parseCidr(text);
  if (range === null) throw new Error(`${text} is not a range; the configuration was not verified`);
  return range;
}
