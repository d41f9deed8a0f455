/** Which names must come to our resolver, whatever way DNS is taken over. */
import { reverseZones } from '../dns/reverse.ts';
import type { Filter } from '../filter/filter.ts';
import type { Discovery } from '../kube/cluster.ts';
import { formatCidr, mergeRanges, parseRanges } from '../net/index.ts';

/** Reverse zones told to the machine; a range that would need more (an IPv4 /9 needs 128) is left to forward names. */
const MAX_REVERSE_ZONES = 256;

/** The most important first: the cluster's own, what the filter names, namespaces, the reverse zones of the ranges. */
export function routedDomains(
  clusterDomain: string,
  namespaces: readonly string[],
  discovery: Discovery,
  filter: Filter,
): readonly string[] {
  const listed = [...filter.dns.cluster, ...filter.dns.local].flatMap(({ entry: { host } }) =>
    host.kind === 'name' ? [host.name] : host.kind === 'below' ? [host.suffix] : [],
  );
  const ranges = mergeRanges(parseRanges(discovery.ranges) ?? []).map(formatCidr);
  const zones = ranges.flatMap(reverseZones).slice(0, MAX_REVERSE_ZONES);
  return [...new Set([clusterDomain, 'svc', ...listed, ...filter.hosts.keys(), ...namespaces, ...zones])];
}

export const isReverseZone = (domain: string): boolean => domain.endsWith('.arpa');

/** Names in the line that `up` prints; a filter of thousands would bury everything else. */
const SHOWN = 20;

/** For people, without the reverse zones, which say no more than the routes. */
export function describeDomains(domains: readonly string[]): string {
  const forward = domains.filter((domain) => !isReverseZone(domain));
  const more = forward.length - SHOWN;
  return `${forward.slice(0, SHOWN).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
