/** What the resolver knows of the cluster's names; found by discovery, changed while a session runs. */
export interface ResolverNames {
  /** Without final dot: `cluster.local`. */
  readonly clusterDomain: string;
  /** Domains at and below which every name is the cluster's: the cluster domain, or the part of it that is. */
  readonly zones: readonly string[];
  readonly namespaces: readonly string[];
  /** Those that may end a short name (`db.prod`).  One called `dev` may not: `web.dev` is a public name. */
  readonly shortNamespaces: readonly string[];
  /** The pod's search list and ndots. */
  readonly search: readonly string[];
  readonly ndots: number;
  /** Routed ranges (CIDRs), whose reverse names are the cluster's. */
  readonly ranges: readonly string[];
}
