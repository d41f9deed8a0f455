import type { PolicyRule } from '../machine/network-state.ts';
import { formatCidr, type Cidr } from '../net/index.ts';
import type { ScopedFilter } from './filter.ts';
import { PrefixTable } from './prefix-table.ts';
import { takesAll, type FilterRule, type Protocols, type Side } from './rule.ts';
import { hostRanges, isNever, type Mark } from './scope-table.ts';

/** What the kernel has to do; the parts of `NetworkState` that follow from filter and ranges. */
export interface RoutePlan {
  readonly routes: readonly string[];
  readonly pins: readonly string[];
  /** In order: an earlier rule goes before a later one. */
  readonly rules: readonly PolicyRule[];
  readonly unreachable: readonly string[];
  readonly farRanges: readonly string[];
}

const NOTHING: RoutePlan = { routes: [], pins: [], rules: [], unreachable: [], farRanges: [] };

const DEFAULTS = ['0.0.0.0/0', '::/0'];
/** A route to everything is laid as two halves, so that the machine's own default route is neither replaced nor beaten by its metric. */
const HALVES: Readonly<Record<string, readonly string[]>> = {
  '0.0.0.0/0': ['0.0.0.0/1', '128.0.0.0/1'],
  '::/0': ['::/1', '8000::/1'],
};

/**
 * Routes, pins and rules of a filter.  Names are not in it: what only a name can decide is decided when the resolver
 * answers (`NameRoutes`).
 */
export function routePlan(scoped: ScopedFilter): RoutePlan {
  const { isIpv6Shut: shut } = scoped;
  const { outgoing } = scoped.filter.settings;
  if (!outgoing.tcp && !outgoing.udp) return NOTHING;
  const all = layerRanges(scoped);
  const layers = simplify(all);
  const routes = layers.filter(({ side }) => side === 'cluster').map(({ range }) => range);
  const pins = layers.filter((layer) => layer.side === 'local' && !layer.settled).map(({ range }) => range);
  const carried = shut ? routes.filter((range) => range.address.length === 4) : routes;
  return {
    routes: carried.flatMap(halve),
    pins: pins.map(formatCidr),
    rules: planRules(scoped, routes),
    unreachable: shut ? routes.filter((range) => range.address.length === 16).flatMap(halve) : [],
    farRanges: all.filter(({ isFar }) => isFar).map(({ range }) => formatCidr(range)),
  };
}

interface Layer {
  readonly range: Cidr;
  readonly side: Side;
  /** The kernel's own routes keep it on the machine; a pin would only repeat them, or be refused. */
  readonly settled: boolean;
  /** Under `scope: "all"`: not merely a part of everything. */
  readonly isFar: boolean;
}

/** The scope's ranges and, on top, those of `filter.local`, which win however wide they are. */
function layerRanges({ filter, table }: ScopedFilter): Layer[] {
  const isEverything = filter.settings.outgoing.scope === 'all';
  const layers = [...table.entries()].map(({ range, value: { reason, side } }): Layer => {
    const settled = reason === 'loopback' || (reason === 'link' && range.address.length === 16);
    const isFar = isEverything && (reason === 'cluster-range' || reason === 'included');
    return { range, side, settled, isFar };
  });
  if (filter.side !== 'local') return layers;
  const local = new PrefixTable<true>();
  for (const rule of filter.rules.rules) {
    if (!takesAll(rule, filter.settings.outgoing)) continue;
    for (const range of hostRanges(rule.entry.host)) local.set(range, true);
  }
  const kept = layers.filter(({ range }) => local.longest(range.address, range.prefix) === undefined);
  return [
    ...kept,
    ...[...local.entries()].map(({ range }): Layer => ({ range, side: 'local', settled: false, isFar: false })),
  ];
}

/** Without the layers that say what the next wider one says already; on the outside everything is local. */
function simplify(layers: readonly Layer[]): Layer[] {
  const sorted = layers.toSorted((a, b) => a.range.prefix - b.range.prefix);
  const table = new PrefixTable<Side>();
  const kept: Layer[] = [];
  for (const layer of sorted) {
    const around = table.longest(layer.range.address, layer.range.prefix)?.value ?? 'local';
    if (around === layer.side) continue;
    table.set(layer.range, layer.side);
    kept.push(layer);
  }
  return kept;
}

/** Rules by port and protocol, and for a protocol that is off. */
function planRules(scoped: ScopedFilter, routes: readonly Cidr[]): PolicyRule[] {
  const { filter } = scoped;
  const { tcp, udp } = filter.settings.outgoing;
  const rules: PolicyRule[] = [];
  const routed = DEFAULTS.filter((range) =>
    routes.some(({ address }) => (address.length === 4) === (range === DEFAULTS[0])),
  );
  for (const destination of routed) {
    if (!tcp) rules.push({ destination, protocol: 'tcp', side: 'local' });
    if (!udp) rules.push({ destination, protocol: 'udp', side: 'local' });
  }
  if (filter.side === null) return rules;
  const partial = filter.rules.rules.filter((rule) => !takesAll(rule, filter.settings.outgoing));
  const narrowed = partial.flatMap((rule) => hostRanges(rule.entry.host).map((range) => ({ rule, range })));
  return filter.side === 'local'
    ? [...rules, ...localRules(scoped, routes, narrowed)]
    : [...rules, ...remoteRules(scoped, narrowed)];
}

interface Narrowed {
  readonly rule: FilterRule;
  readonly range: Cidr;
}

/** Only what touches a routed range needs a rule: all else is local anyway. */
function localRules(scoped: ScopedFilter, routes: readonly Cidr[], narrowed: readonly Narrowed[]): PolicyRule[] {
  const within = new PrefixTable<{ touched: boolean }>();
  for (const { range } of narrowed) within.set(range, { touched: isRouted(scoped, range) });
  for (const route of routes)
    for (const { value } of within.covering(route.address, route.prefix)) value.touched = true;
  return narrowed
    .filter(({ range }) => within.get(range)?.touched === true)
    .flatMap(({ rule, range }) => policyRules(rule.entry, range, 'local', scoped.filter.settings.outgoing));
}

function isRouted(scoped: ScopedFilter, range: Cidr): boolean {
  return scoped.table.longest(range.address, range.prefix)?.value.side === 'cluster';
}

/**
 * A rule goes before every route, so what the routes say inside the range of such a rule has to be said by rules too.
 * The more specific one goes first; of two for one range, what is never captured, then the filter's, then the rest.
 */
function remoteRules(scoped: ScopedFilter, narrowed: readonly Narrowed[]): PolicyRule[] {
  const { ipv6, outgoing } = scoped.filter.settings;
  const active = narrowed.filter(({ range }) => ipv6 || range.address.length === 4);
  const reach = new PrefixTable<true>();
  for (const { range } of active) reach.set(range, true);
  const inside = [...scoped.table.entries()].filter(
    ({ range, value }) => value.reason !== 'loopback' && reach.longest(range.address, range.prefix) !== undefined,
  );
  const ordered = [
    ...inside.filter(({ value }) => isNever(value)).map(({ range, value }) => markRules(range, value, outgoing)),
    ...active.map(({ rule, range }) => ({ range, policies: policyRules(rule.entry, range, 'remote', outgoing) })),
    ...inside.filter(({ value }) => !isNever(value)).map(({ range, value }) => markRules(range, value, outgoing)),
  ];
  return ordered.sort((a, b) => b.range.prefix - a.range.prefix).flatMap(({ policies }) => policies);
}

function markRules(range: Cidr, { side }: Mark, protocols: Protocols): { range: Cidr; policies: PolicyRule[] } {
  const all = { protocol: 'any', port: null } as const;
  return { range, policies: policyRules(all, range, side === 'local' ? 'local' : 'remote', protocols) };
}

/** An entry for one range as rules.  Into the cluster goes only a protocol that is on; a port needs its protocol. */
export function policyRules(
  { protocol: given, port }: Pick<FilterRule['entry'], 'protocol' | 'port'>,
  range: Cidr,
  side: 'local' | 'remote',
  { tcp, udp }: Protocols,
): PolicyRule[] {
  const destination = formatCidr(range);
  const narrowed = side === 'remote' && tcp !== udp ? (tcp ? 'tcp' : 'udp') : given;
  if (port === null) return [{ destination, ...(narrowed === 'any' ? {} : { protocol: narrowed }), side }];
  const protocols = narrowed === 'any' ? (['tcp', 'udp'] as const) : [narrowed];
  return protocols.map((protocol) => ({ destination, protocol, port, side }));
}

function halve(range: Cidr): readonly string[] {
  const text = formatCidr(range);
  return HALVES[text] ?? [text];
}
