/** Interface sketch; the implementation replaces this comment. */
export interface ResolverNames {
  /** Without final dot: `cluster.local`. */
  readonly clusterDomain: string;
  readonly namespaces: readonly string[];
  /** The pod's search list and ndots. */
  readonly search: readonly string[];
  readonly ndots: number;
  /** Routed ranges, whose reverse names are the cluster's. */
  readonly ranges: readonly string[];
}

export interface ResolverPorts {
  /** One raw message to the cluster's DNS. */
  cluster(message: Uint8Array, signal: AbortSignal): Promise<Uint8Array>;
  /** One raw message to the servers that the machine used before; tries them in order. */
  upstream(message: Uint8Array, transport: 'udp' | 'tcp', signal: AbortSignal): Promise<Uint8Array>;
}

/** What the filter says of one name in the form asked and in its expanded forms. */
export type NameRule = 'cluster' | 'local' | 'default';

export interface ResolverPolicy {
  rule(names: readonly string[]): NameRule;
  /** A fixed answer (`feature.network.dns.hosts`), or undefined. */
  host(name: string): readonly string[] | undefined;
  /** false: AAAA of cluster names is NODATA. */
  readonly ipv6: boolean;
  /** Called with every address in an answer from the cluster, before the answer is given; awaited. */
  beforeAnswer(name: string, addresses: readonly string[], ttlSeconds: number): Promise<void>;
}

export interface Resolver {
  update(names: ResolverNames): void;
  /** Always answers (SERVFAIL at worst), except to what is no DNS query at all: null. */
  answer(query: Uint8Array, transport: 'udp' | 'tcp'): Promise<Uint8Array | null>;
}
