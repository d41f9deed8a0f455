/** What a pod's resolv.conf says about the cluster's names. */
import { parseNameSearch } from '../dns/resolv-conf.ts';

/** The domain of nearly every cluster, and of all whose resolv.conf does not say. */
const DEFAULT_CLUSTER_DOMAIN = 'cluster.local';

export interface ClusterNames {
  /** Without final dot. */
  readonly clusterDomain: string;
  /** The namespace that the search list starts with, if it does. */
  readonly namespaces: readonly string[];
  readonly search: readonly string[];
  readonly ndots: number;
}

/** A pod's search list is `NAMESPACE.svc.DOMAIN svc.DOMAIN DOMAIN ...`. */
export function clusterNames(resolvConf: string): ClusterNames {
  const { search, ndots } = parseNameSearch(resolvConf);
  const service = search.find((suffix) => suffix.startsWith('svc.'));
  const clusterDomain = service?.slice('svc.'.length) ?? DEFAULT_CLUSTER_DOMAIN;
  const own = search.find((suffix) => suffix.endsWith(`.svc.${clusterDomain}`));
  const namespace = own?.slice(0, -`.svc.${clusterDomain}`.length);
  return {
    clusterDomain,
    namespaces: namespace === undefined || namespace.includes('.') ? [] : [namespace],
    search,
    ndots,
  };
}
