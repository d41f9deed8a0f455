/** What a session has taken, each in a line or two of the first screen: it stays short whatever the cluster's size. */
import { searchedNamespace } from '../names/cluster-names.ts';
import type { TakenNames } from './taken-names.ts';

/** More of a kind than this are counted. */
const SHOWN = 4;
/** Stands for any service where none is known. */
const ANY_SERVICE = 'my-service';

/** `10.96.0.0/16, 10.244.0.0/24 and 2 IPv6 ranges → mirrord0`. */
export function describeRoutes(routes: readonly string[], tun: string): string {
  const isIpv6 = (route: string): boolean => route.includes(':');
  const [v4, v6] = [routes.filter((route) => !isIpv6(route)), routes.filter(isIpv6)];
  const listed = v4.length > 0 ? v4 : v6;
  const parts = [...shortened(listed), ...(v4.length > 0 && v6.length > 0 ? [counted(v6.length, 'IPv6 range')] : [])];
  return `${routes.length === 0 ? 'none' : joined(parts)} → ${tun}`;
}

/** `*.cluster.local, my-service (default), my-service.NAMESPACE (11)`; `service`: one that is there. */
export function describeNames(taken: TakenNames, service: string = ANY_SERVICE): string {
  const { zones, shortNamespaces, machineSearch, clusterDomain, domains, withheld } = taken;
  const own = searchedNamespace(machineSearch, clusterDomain);
  const usual = new Set([...zones, ...shortNamespaces, 'svc']);
  // Reverse zones say no more than the routes.
  const others = domains.filter((domain) => !usual.has(domain) && !domain.endsWith('.arpa'));
  const names = [
    ...zones.map((zone) => `*.${zone}`),
    ...(own === null ? [] : [`${service} (${own})`]),
    ...(shortNamespaces.length === 0 ? [] : [`${service}.NAMESPACE (${shortNamespaces.length})`]),
    ...shortened(others),
  ];
  return names.join(', ') + describeWithheld(withheld);
}

/** Namespaces whose names are public ones. */
function describeWithheld(withheld: readonly string[]): string {
  const [first] = withheld;
  if (first === undefined) return '';
  const one = `web.${first}.svc belongs to the cluster; web.${first} stays public unless you give --domain ${first}`;
  return `; not the public ${joined(shortened(withheld))} (${one})`;
}

function shortened(items: readonly string[]): readonly string[] {
  const more = items.length - SHOWN;
  return more > 0 ? [...items.slice(0, SHOWN), `${more} more`] : items;
}

const joined = (parts: readonly string[]): string =>
  parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
