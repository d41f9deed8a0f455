/** What is known of a cluster's names; found by discovery, changed while a session runs. */
import { labelsBelow, normalName } from './name.ts';
import { NDOTS_DEFAULT } from './resolv-conf.ts';

/** The domain of nearly every cluster; it exists neither on the Internet nor on a local link. */
export const DEFAULT_CLUSTER_DOMAIN = 'cluster.local';

/** As it was found. */
export interface KnownNames {
  readonly clusterDomain: string;
  /** Domains at and below which every name is the cluster's; without the field, the cluster domain. */
  readonly zones?: readonly string[];
  readonly namespaces: readonly string[];
  /** Those that may end a short name (`db.prod`).  One called `dev` may not: `web.dev` is a public name. */
  readonly shortNamespaces?: readonly string[];
  /** The pod's search list and ndots. */
  readonly search: readonly string[];
  readonly ndots?: number;
  /** Routed ranges (CIDRs), whose reverse names are the cluster's. */
  readonly ranges?: readonly string[];
}

/** The same as names are compared, and so that a question costs the same with ten namespaces and with ten thousand. */
export interface ClusterNames {
  readonly clusterDomain: string;
  readonly zones: readonly string[];
  readonly namespaces: ReadonlySet<string>;
  readonly shortNamespaces: ReadonlySet<string>;
  /** The namespace in which single labels are looked up; null where the target has none. */
  readonly namespace: string | null;
  readonly search: readonly string[];
  readonly ndots: number;
  readonly ranges: readonly string[];
}

export function clusterNames(known: KnownNames): ClusterNames {
  const { zones = [known.clusterDomain], shortNamespaces = known.namespaces } = known;
  const clusterDomain = normalName(known.clusterDomain);
  const search = known.search.map(normalName).filter((suffix) => suffix !== '');
  return {
    clusterDomain,
    zones: zones.map(normalName),
    namespaces: new Set(known.namespaces.map(normalName)),
    shortNamespaces: new Set(shortNamespaces.map(normalName)),
    namespace: searchedNamespace(search, clusterDomain),
    search,
    ndots: known.ndots ?? NDOTS_DEFAULT,
    ranges: known.ranges ?? [],
  };
}

/** The namespace that a search list names with its `NAMESPACE.svc.DOMAIN`; all in normal form. */
export function searchedNamespace(search: readonly string[], clusterDomain: string): string | null {
  for (const suffix of search) {
    const below = labelsBelow(suffix, `svc.${clusterDomain}`);
    if (below?.length === 1) return below[0] ?? null;
  }
  return null;
}
