/** Expansion of names by the pod's search list, as glibc does it in the pod (resolv.conf(5), res_search). */
import type { NameKind } from './classify.ts';
import { isWithin, labelsBelow } from './name.ts';
import type { ClusterNames } from './cluster-names.ts';

/** A suffix to ask the cluster with; '' is the name as it is. */
export type Suffix = string;

/**
 * The suffixes to ask the cluster with, in order.
 *
 * - glibc's order: with `ndots` dots or more the name goes first as it is, else last.
 * - Names inside are complete.
 * - A short name is not asked as it is, since it may be a public one (`web.dev`) and a Kubernetes DNS would send it there.
 *   Only where no search suffix is the cluster's is it: such a target (a container under Docker, a namespace) may know
 *   bare names.
 * - Outside names come here by a rule of the filter.  They are complete nearly always, so they go first as they are, and
 *   the search list follows.
 */
export function searchSuffixes(name: string, kind: NameKind, names: ClusterNames): Suffix[] {
  if (kind === 'inside') return [''];
  if (kind === 'outside') return ['', ...names.search];
  const dots = name.split('.').length - 1;
  const suffixes = names.search.filter((suffix) => !isNamespaceNode(`${name}.${suffix}`, names));
  if (kind === 'short' && names.search.some((suffix) => isWithin(suffix, names.clusterDomain))) return suffixes;
  return dots >= names.ndots ? ['', ...suffixes] : [...suffixes, ''];
}

/** `prod.svc.cluster.local`: exists without being a host, and would turn the NXDOMAIN of a host `prod` into NODATA. */
function isNamespaceNode(name: string, names: ClusterNames): boolean {
  const below = labelsBelow(name, `svc.${names.clusterDomain}`);
  return below?.length === 1 && names.namespaces.has(below[0] ?? '');
}
