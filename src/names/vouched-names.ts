/**
 * The target's names, from the resolv.conf that the agent sees, as far as its word counts.
 *
 * That file can be written by anyone who may set a pod's `dnsConfig`, and by root in the target's container: so it only
 * chooses among the domains that others vouch for, and brings in none of its own.  For a namespace of this machine there
 * is not an API server; the user chose it by name, so its file is believed, public suffixes aside.
 */
import { DEFAULT_CLUSTER_DOMAIN, searchedNamespace } from './cluster-names.ts';
import { HOST_NAME, isWithin } from './name.ts';
import { parseNameSearch } from './resolv-conf.ts';
import { isBelowPublicSuffix, isPublicSuffix } from './public-suffix.ts';

/** As many as Kubernetes lets a pod have (MaxDNSSearchPaths). */
const MAX_SEARCH = 32;

/** Whose word counts, beside the file's. */
export interface Vouched {
  /** Domains of the cluster in the API server's own words; null where there is no API server (`Discovery.domains`). */
  readonly byServer: readonly string[] | null;
  /** `feature.network.dns.domains`. */
  readonly byUser: readonly string[];
}

export interface VouchedNames {
  /** Without final dot. */
  readonly clusterDomain: string;
  /** Domains at and below which every name is the cluster's. */
  readonly zones: readonly string[];
  /** The namespace that the search list starts with, where the file is believed. */
  readonly namespaces: readonly string[];
  /** What the target's names are tried with. */
  readonly search: readonly string[];
  /** What this machine's programs try: no suffix outside the zones is theirs to ask the cluster for. */
  readonly machineSearch: readonly string[];
  readonly ndots: number;
  /** The cluster domain that the file claims, where nothing else vouches for it. */
  readonly refused: string | null;
}

/** A pod's search list is `NAMESPACE.svc.DOMAIN svc.DOMAIN DOMAIN ...`. */
export function vouchedNames(resolvConf: string, { byServer, byUser }: Vouched): VouchedNames {
  const { search: all, ndots } = parseNameSearch(resolvConf);
  const listed = all.filter((suffix) => HOST_NAME.test(suffix)).slice(0, MAX_SEARCH);
  const given = (name: string): boolean => byUser.some((domain) => isWithin(name, domain));
  const vouched = (domain: string): boolean =>
    given(domain) ||
    (!isPublicSuffix(domain) && (byServer === null || domain === DEFAULT_CLUSTER_DOMAIN || byServer.includes(domain)));

  const claimed = listed.find((suffix) => suffix.startsWith('svc.'))?.slice('svc.'.length);
  const fallback = byServer?.find(vouched) ?? DEFAULT_CLUSTER_DOMAIN;
  const clusterDomain = claimed !== undefined && vouched(claimed) ? claimed : fallback;
  const zones = [...new Set([...(given(clusterDomain) ? [] : zonesOf(clusterDomain)), ...byUser])];
  const isBelieved = (suffix: string): boolean => byServer === null && !isPublicSuffix(suffix);
  const search = listed.filter((suffix) => isWithin(suffix, clusterDomain) || given(suffix) || isBelieved(suffix));
  const own = searchedNamespace(search, clusterDomain);
  return {
    clusterDomain,
    zones,
    namespaces: byServer === null && own !== null ? [own] : [],
    search,
    machineSearch: search.filter((suffix) => isBelieved(suffix) || zones.some((zone) => isWithin(suffix, zone))),
    ndots,
    refused: claimed === undefined || claimed === clusterDomain ? null : claimed,
  };
}

/**
 * What of a cluster's domain is the cluster's.  Kubernetes has no name outside these two (its DNS specification, 2.3), and a
 * company whose clusters live below its public domain has its web site there too.
 */
function zonesOf(clusterDomain: string): readonly string[] {
  return isBelowPublicSuffix(clusterDomain) ? [`svc.${clusterDomain}`, `pod.${clusterDomain}`] : [clusterDomain];
}
