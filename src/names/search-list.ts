/**
 * Expansion of names by the pod's search list, as glibc does it in the pod (resolv.conf(5), res_search), and the forms in
 * which people write one host.  Pure; every name is in normal form.
 */
import type { NameKind } from './classify.ts';
import { isWithin } from './name.ts';
import type { ResolverNames } from './resolver-names.ts';

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
export function searchSuffixes(name: string, kind: NameKind, names: ResolverNames): Suffix[] {
  if (kind === 'inside') return [''];
  if (kind === 'outside') return ['', ...names.search];
  const dots = name.split('.').length - 1;
  const suffixes = names.search.filter((suffix) => !isNamespaceNode(`${name}.${suffix}`, names));
  if (kind === 'short' && names.search.some((suffix) => isWithin(suffix, names.clusterDomain))) return suffixes;
  return dots >= names.ndots ? ['', ...suffixes] : [...suffixes, ''];
}

/**
 * Every form in which a rule may mean the host: as asked, expanded, and the shorter forms of those
 * (`db.default.svc.cluster.local`, `db.default.svc`, `db.default`, and `db` in the pod's own namespace).
 */
export function nameForms(name: string, kind: NameKind, names: ResolverNames): string[] {
  const forms = new Set([name]);
  const full = kind === 'short' || kind === 'service' ? names.search.map((suffix) => `${name}.${suffix}`) : [name];
  for (const each of full) {
    if (!canBeHost(each, names)) continue;
    forms.add(each);
    for (const form of shorterForms(each, names)) forms.add(form);
  }
  return [...forms];
}

/** `prod.svc.cluster.local`: exists without being a host, and would turn the NXDOMAIN of a host `prod` into NODATA. */
function isNamespaceNode(name: string, names: ResolverNames): boolean {
  const below = labelsBelow(name, `svc.${names.clusterDomain}`);
  return below?.length === 1 && names.namespaces.includes(below[0] ?? '');
}

/** Under the cluster domain only `host.namespace.svc` and `host.namespace.pod` are hosts; elsewhere anything may be. */
function canBeHost(name: string, names: ResolverNames): boolean {
  const below = labelsBelow(name, names.clusterDomain);
  if (below === null) return true;
  return below.length >= 3 && (below.at(-1) === 'svc' || below.at(-1) === 'pod');
}

function shorterForms(name: string, names: ResolverNames): string[] {
  const inDomain = labelsBelow(name, names.clusterDomain)?.join('.');
  if (inDomain === undefined) return [];
  if (!inDomain.endsWith('.svc')) return [inDomain];
  const inSvc = inDomain.slice(0, -'.svc'.length);
  const own = ownNamespace(names);
  const bare = own !== undefined && inSvc.endsWith(`.${own}`) ? [inSvc.slice(0, -own.length - 1)] : [];
  return [inDomain, inSvc, ...bare];
}

/** The namespace of `NAMESPACE.svc.DOMAIN` in the search list. */
function ownNamespace(names: ResolverNames): string | undefined {
  for (const suffix of names.search) {
    const below = labelsBelow(suffix, `svc.${names.clusterDomain}`);
    if (below?.length === 1) return below[0];
  }
  return undefined;
}

/** Labels of `name` in front of `zone`; null when it is not below it. */
function labelsBelow(name: string, zone: string): string[] | null {
  return name !== zone && isWithin(name, zone) ? name.slice(0, -zone.length - 1).split('.') : null;
}
