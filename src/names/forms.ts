/** The forms in which people, programs and configurations write one host. */
import { classify, isSingleHost } from './classify.ts';
import type { ClusterNames } from './cluster-names.ts';
import { isWithin, normalName } from './name.ts';

/**
 * Every form of the host that `name` means, the form asked for first: `db`, `db.default`, `db.default.svc` and
 * `db.default.svc.cluster.local` are one host when `default` is the namespace.
 *
 * Only forms that surely mean the same host are given.  A name of several labels outside the cluster domain stands for
 * itself unless its last label is a namespace (or `svc` after one): that the search list would be tried for it as well
 * does not make two hosts one.  A single label is given its first search suffix, which is the one that is tried first.
 */
export function nameForms(name: string, names: ClusterNames): readonly string[] {
  const asked = normalName(name);
  const kind = classify(asked, names);
  if (kind === 'outside' || kind === 'localhost') return [asked];
  const service = serviceName(asked, names);
  if (service === null) {
    const first = names.search[0];
    return isSingleHost(asked) && first !== undefined ? [asked, `${asked}.${first}`] : [asked];
  }
  const forms = new Set([asked, `${service}.svc.${names.clusterDomain}`, `${service}.svc`]);
  // `db.svc` lacks its namespace: it names no service, and is nothing but itself within the cluster domain.
  if (service.includes('.')) forms.add(service);
  const suffix = `.${names.namespace}`;
  if (names.namespace !== null && service.endsWith(suffix)) {
    const own = service.slice(0, -suffix.length);
    // `web-0.web` alone could be any host of the world; a single label, or what ends in `svc`, is none.
    if (isSingleHost(own) || isWithin(own, 'svc')) forms.add(own);
  }
  return [...forms];
}

/** `SERVICE.NAMESPACE` (or `POD.SERVICE.NAMESPACE`) of a name of the cluster in any of its forms; null when it is none. */
function serviceName(asked: string, { clusterDomain, namespace, shortNamespaces }: ClusterNames): string | null {
  const suffix = [`.svc.${clusterDomain}`, '.svc'].find((end) => asked.endsWith(end));
  if (suffix !== undefined) return asked.slice(0, -suffix.length);
  if (isSingleHost(asked)) return namespace === null ? null : `${asked}.${namespace}`;
  return shortNamespaces.has(asked.slice(asked.lastIndexOf('.') + 1)) ? asked : null;
}
