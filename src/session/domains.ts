/** Which names must come to our resolver, whatever way DNS is taken over. */
import { reverseZones } from '../names/reverse.ts';
import type { Filter } from '../filter/index.ts';
import type { AskedNames } from '../machine/dns-state.ts';
import type { Discovery } from '../kube/cluster.ts';
import { formatCidr, mergeRanges, parseRanges } from '../net/index.ts';
import { isPublicSuffix } from '../names/public-suffix.ts';

/** Reverse zones told to the machine; a range that would need more (an IPv4 /9 needs 128) is left to forward names. */
const MAX_REVERSE_ZONES = 256;

/** What the user's configuration names; of the cluster's side nothing. */
function configuredDomains(filter: Filter): readonly string[] {
  const listed = [...filter.dns.cluster, ...filter.dns.local].flatMap(({ entry: { host } }) =>
    host.kind === 'name' ? [host.name] : host.kind === 'below' ? [host.suffix] : [],
  );
  return [...filter.domains, ...listed, ...filter.hosts.keys()];
}

/** Whether an address may follow a name: then every name that leads to an address must be seen. */
export function decidesByName(filter: Filter): boolean {
  return filter.rules.rules.some(({ entry: { host } }) => host.kind === 'name' || host.kind === 'below');
}

/** What the root part has to be told at the start, since it would refuse it later. */
export function askedNames(filter: Filter): AskedNames {
  return {
    domains: configuredDomains(filter).filter(isPublicSuffix),
    everything: filter.settings.outgoing.scope === 'all' || decidesByName(filter),
  };
}

/** The most important first: the cluster's own, what the configuration names, single hosts, namespaces, reverse zones. */
export function routedDomains(
  zones: readonly string[],
  namespaces: readonly string[],
  discovery: Discovery,
  filter: Filter,
  hosts: readonly string[] = [],
): readonly string[] {
  const ranges = mergeRanges(parseRanges(discovery.ranges) ?? []).map(formatCidr);
  const reverse = ranges.flatMap(reverseZones).slice(0, MAX_REVERSE_ZONES);
  return [...new Set([...zones, 'svc', ...configuredDomains(filter), ...hosts, ...namespaces, ...reverse])];
}

export const isReverseZone = (domain: string): boolean => domain.endsWith('.arpa');
