/** What the resolver knows of the cluster's names; found by discovery, changed while a session runs. */
export interface ResolverNames {
  /** Without final dot: `cluster.local`. */
  readonly clusterDomain: string;
  readonly namespaces: readonly string[];
  /** The pod's search list and ndots. */
  readonly search: readonly string[];
  readonly ndots: number;
  /** Routed ranges (CIDRs), whose reverse names are the cluster's. */
  readonly ranges: readonly string[];
}
