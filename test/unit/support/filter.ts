import { Filter, type NetworkSettings, type ScopedFilter } from '../../../src/filter/index.ts';
import { clusterNames } from '../../../src/names/cluster-names.ts';
import { parseRanges, type Cidr } from '../../../src/net/index.ts';

/** `feature.network` with defaults, as the configuration would give it. */
export interface NetworkInput {
  readonly tcp?: boolean;
  readonly udp?: boolean;
  readonly local?: readonly string[];
  readonly remote?: readonly string[];
  readonly scope?: 'cluster' | 'all';
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  readonly dnsEnabled?: boolean;
  readonly dnsLocal?: readonly string[];
  readonly dnsRemote?: readonly string[];
  readonly domains?: readonly string[];
  readonly hosts?: Readonly<Record<string, readonly string[]>>;
  readonly ipv6?: boolean;
}

export function settings(input: NetworkInput = {}): NetworkSettings {
  return {
    outgoing: {
      tcp: input.tcp ?? true,
      udp: input.udp ?? true,
      filter: lists(input.local, input.remote),
      scope: input.scope ?? 'cluster',
      forwarded: 'bridges',
      routes: { include: input.include ?? [], exclude: input.exclude ?? [] },
    },
    dns: {
      enabled: input.dnsEnabled ?? true,
      filter: lists(input.dnsLocal, input.dnsRemote),
      domains: input.domains ?? [],
      hosts: input.hosts ?? {},
    },
    ipv6: input.ipv6 ?? true,
  };
}

export function ranges(...texts: string[]): readonly Cidr[] {
  const parsed = parseRanges(texts);
  if (parsed === null) throw new Error(`no ranges: ${texts.join(' ')}`);
  return parsed;
}

/** A cluster with services in 10.96.0.0/16 and fd00:96::/112, pods in 10.244.0.0/16, and its API server at 203.0.113.5. */
export const CLUSTER = {
  ranges: ranges('10.96.0.0/16', '10.244.0.0/16', 'fd00:96::/112'),
  ipv6: true,
  never: ranges('203.0.113.5/32'),
};

export const NAMES = clusterNames({
  clusterDomain: 'cluster.local',
  namespaces: ['default', 'prod', 'payments'],
  search: ['default.svc.cluster.local', 'svc.cluster.local', 'cluster.local'],
});

export function scoped(input: NetworkInput = {}, scope = CLUSTER): ScopedFilter {
  return new Filter(settings(input)).within(scope);
}

function lists(
  local: readonly string[] | undefined,
  remote: readonly string[] | undefined,
): NetworkSettings['outgoing']['filter'] {
  return local === undefined && remote === undefined ? undefined : { local, remote };
}
