import { normalName } from './name.ts';

/** What is needed to tell which names are one host. */
export interface NameContext {
  /** Without final dot: `cluster.local`. */
  readonly clusterDomain: string;
  /** Domains at and below which every name is the cluster's. */
  readonly zones: readonly string[];
  /** The namespace in which single labels are looked up; null where the target has none. */
  readonly namespace: string | null;
  /** Namespaces that may be the last label of `svc.ns`. */
  readonly namespaces: ReadonlySet<string>;
  /** The target's search list, in order. */
  readonly search: readonly string[];
}

/**
 * The context that a search list tells: its `NAMESPACE.svc.DOMAIN` entry, if there is one, names the namespace.
 */
export function nameContext(
  clusterDomain: string,
  namespaces: readonly string[],
  search: readonly string[],
  zones: readonly string[] = [clusterDomain],
): NameContext {
  const domain = normalName(clusterDomain);
  const normalSearch = search.map(normalName);
  const own = normalSearch.find((suffix) => suffix.endsWith(`.svc.${domain}`))?.slice(0, -`.svc.${domain}`.length);
  return {
    clusterDomain: domain,
    zones: zones.map(normalName),
    namespace: own === undefined || own.includes('.') ? null : own,
    namespaces: new Set(namespaces),
    search: normalSearch,
  };
}

/**
 * Every form of the host that `name` means, the form asked for first: `db`, `db.default`, `db.default.svc` and
 * `db.default.svc.cluster.local` are one host when `default` is the namespace.
 *
 * Only forms that surely mean the same host are given.  A name of several labels outside the cluster domain stands for
 * itself unless its last label is a namespace (or `svc` after one): that the search list would be tried for it as well
 * does not make two hosts one.  A single label is given its first search suffix, which is the one that is tried first.
 */
export function nameForms(name: string, context: NameContext): readonly string[] {
  const asked = normalName(name);
  const forms = new Set([asked]);
  const service = serviceName(asked, context);
  if (service !== null) {
    forms.add(`${service}.svc.${context.clusterDomain}`);
    forms.add(`${service}.svc`);
    // `db.svc` lacks its namespace: it names no service, and is nothing but itself within the cluster domain.
    if (service.includes('.')) forms.add(service);
    const suffix = context.namespace === null ? null : `.${context.namespace}`;
    if (suffix !== null && service.endsWith(suffix)) {
      const own = service.slice(0, -suffix.length);
      // `web-0.web` alone could be any host of the world; only a single label is surely looked up in the namespace.
      if (!own.includes('.')) forms.add(own);
    }
  } else if (!asked.includes('.') && asked !== 'localhost' && context.search[0] !== undefined) {
    forms.add(`${asked}.${context.search[0]}`);
  }
  return [...forms];
}

/** Whether the name is the cluster's to answer: its zones, `svc`, a namespace, or a single label. */
export function isClusterName(name: string, context: NameContext): boolean {
  const asked = normalName(name);
  if (asked === '' || asked === 'localhost' || asked.endsWith('.localhost')) return false;
  if (!asked.includes('.')) return true;
  if (context.zones.some((zone) => asked === zone || asked.endsWith(`.${zone}`))) return true;
  const last = asked.slice(asked.lastIndexOf('.') + 1);
  return last === 'svc' || context.namespaces.has(last);
}

/** `SERVICE.NAMESPACE` (or `POD.SERVICE.NAMESPACE`) of a name in any of its forms; null when it is none. */
function serviceName(asked: string, context: NameContext): string | null {
  const full = `.svc.${context.clusterDomain}`;
  if (asked.endsWith(full)) return asked.slice(0, -full.length);
  if (asked.endsWith('.svc')) return asked.slice(0, -'.svc'.length);
  if (!asked.includes('.')) {
    return context.namespace === null || asked === 'localhost' || asked === '' ? null : `${asked}.${context.namespace}`;
  }
  return context.namespaces.has(asked.slice(asked.lastIndexOf('.') + 1)) ? asked : null;
}
