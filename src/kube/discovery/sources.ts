/** The collections that discovery reads, and what it takes from each. */
import type { V1Node, V1Pod, V1Service } from '@kubernetes/client-node';
import type { Api } from '../server/api.ts';
import { Source, type Named } from './source.ts';

interface ServiceCidr extends Named {
  readonly spec?: { readonly cidrs?: readonly string[] };
}

/** Absent before Kubernetes 1.33. */
export function serviceCidrs(api: Api): Source<ServiceCidr> {
  return new Source<ServiceCidr>(api, {
    collection: { path: '/apis/networking.k8s.io/v1/servicecidrs' },
    facts: (object) => ({ values: object.spec?.cidrs ?? [], nodes: [] }),
  });
}

/** Pod ranges, where the cluster hands them out by node; and the nodes' own addresses. */
export function nodes(api: Api): Source<V1Node & Named> {
  return new Source<V1Node & Named>(api, {
    collection: { path: '/api/v1/nodes' },
    facts: ({ spec, status }) => ({
      values: spec?.podCIDRs ?? (spec?.podCIDR === undefined ? [] : [spec.podCIDR]),
      nodes: (status?.addresses ?? []).filter((item) => item.type.endsWith('IP')).map((item) => item.address),
    }),
  });
}

/** Addresses of pods with a network of their own.  `namespace` null: all. */
export function pods(api: Api, namespace: string | null): Source<V1Pod & Named> {
  return new Source<V1Pod & Named>(api, {
    collection: { path: scoped(namespace, 'pods'), query: { fieldSelector: LIVE } },
    facts: ({ spec, status }) => {
      const own = (status?.podIPs ?? []).flatMap((item) => item.ip ?? []);
      const hosts = status?.hostIPs?.flatMap((item) => item.ip ?? []) ?? [];
      const node = status?.hostIP === undefined ? hosts : [status.hostIP, ...hosts];
      return spec?.hostNetwork === true ? { values: [], nodes: [...node, ...own] } : { values: own, nodes: node };
    },
  });
}

/** A pod that has ended may still show an address that is another's by now. */
const LIVE = 'status.phase!=Succeeded,status.phase!=Failed';

/** ClusterIPs, headless services aside. */
export function services(api: Api, namespace: string | null): Source<V1Service & Named> {
  return new Source<V1Service & Named>(api, {
    collection: { path: scoped(namespace, 'services') },
    facts: ({ spec }) => {
      const addresses = spec?.clusterIPs ?? (spec?.clusterIP === undefined ? [] : [spec.clusterIP]);
      return { values: addresses.filter((address) => address !== 'None' && address !== ''), nodes: [] };
    },
  });
}

export function namespaces(api: Api): Source<Named> {
  return new Source<Named>(api, {
    collection: { path: '/api/v1/namespaces' },
    facts: (object) => ({ values: [object.metadata.name], nodes: [] }),
  });
}

function scoped(namespace: string | null, kind: string): string {
  return namespace === null ? `/api/v1/${kind}` : `/api/v1/namespaces/${namespace}/${kind}`;
}
