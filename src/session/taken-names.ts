/**
 * Which names of this machine's programs are the cluster's, put together from everything that is known.  Pure.
 *
 * A namespace may have any name.  Where that is a public suffix (`dev`, `app`, `com`), `web.dev` keeps its public meaning,
 * and the service is `web.dev.svc`; the user's `dns.domains` may say otherwise.
 */
import type { HostTable } from '../dns/hosts-file.ts';
import type { KnownNames } from '../names/cluster-names.ts';
import type { Filter } from '../filter/index.ts';
import type { Discovery } from '../kube/cluster.ts';
import { isPublicSuffix } from '../names/public-suffix.ts';
import type { VouchedNames } from '../names/vouched-names.ts';
import { routedDomains } from './domains.ts';

export interface TakenNames extends Required<KnownNames> {
  /** What must come to our resolver, the most important first. */
  readonly domains: readonly string[];
  /** Suffixes for this machine's own search list. */
  readonly machineSearch: readonly string[];
  /** Namespaces that no short name ends in. */
  readonly withheld: readonly string[];
}

/** `found`: namespaces that no list has, and that exist; `hosts`: the target's hosts file (pod-hosts.ts). */
export function takenNames(
  names: VouchedNames,
  discovery: Discovery,
  filter: Filter,
  found: Iterable<string> = [],
  hosts: HostTable = new Map(),
): TakenNames {
  const namespaces = [...new Set([...names.namespaces, ...discovery.namespaces, ...found])];
  const withheld = namespaces.filter((namespace) => isWithheld(namespace, filter));
  const shortNamespaces = withheld.length === 0 ? namespaces : namespaces.filter((each) => !withheld.includes(each));
  // A domain of the user's that is a namespace's name as well means the namespace: its services have no other short names.
  const zones = names.zones.filter((zone) => !shortNamespaces.includes(zone));
  return {
    clusterDomain: names.clusterDomain,
    zones,
    namespaces,
    shortNamespaces,
    search: names.search,
    ndots: names.ndots,
    ranges: discovery.ranges,
    // Single labels need no domain: they come bare, or with a suffix of the search list.
    domains: routedDomains(zones, shortNamespaces, discovery, filter, [...hosts.keys()].filter(isDotted)),
    machineSearch: names.machineSearch,
    withheld,
  };
}

const isDotted = (name: string): boolean => name.includes('.');

/** Whether `web.LABEL` is a public name, even where a namespace is called LABEL. */
export function isWithheld(label: string, filter: Filter): boolean {
  return isPublicSuffix(label) && !filter.domains.includes(label);
}
