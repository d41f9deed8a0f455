/**
 * Where a service is that was looked for in the wrong namespace: asked by DNS, which needs no right in the cluster.  A name
 * without its namespace is the commonest way not to reach a service.
 */
import type { Elsewhere } from '../filter/index.ts';
import type { SessionNames } from './names.ts';

/** A cluster may have thousands of namespaces, and the answer is wanted within seconds. */
const MAX_ASKED = 200;
/** Questions on the way at once. */
const AT_ONCE = 20;

export interface Places {
  readonly names: Pick<SessionNames, 'known' | 'forms' | 'resolve' | 'lookUp'>;
  /** Namespaces that are known, also those that no short name ends in. */
  readonly namespaces: readonly string[];
}

/** `name`: one that does not exist, in lower case and without final dot. */
export async function elsewhere(name: string, { names, namespaces }: Places): Promise<readonly Elsewhere[]> {
  const { clusterDomain, shortNamespaces: short } = names.known;
  const service = serviceOf(name, clusterDomain);
  if (service === null) return [];
  const all = [...new Set([...short, ...namespaces])].toSorted().slice(0, MAX_ASKED);
  const found: Elsewhere[] = [];
  for (let start = 0; start < all.length; start += AT_ONCE) {
    const batch = all.slice(start, start + AT_ONCE).map(async (namespace): Promise<readonly Elsewhere[]> => {
      const full = `${service}.${namespace}.svc.${clusterDomain}`;
      // What the filter keeps here is not a question for the cluster.
      if (names.resolve(names.forms(full)).answer === 'local') return [];
      if ((await names.lookUp(full)).addresses.length === 0) return [];
      // Where the namespace is called like a public suffix, the short name is a public one.
      return [{ service, namespace, use: `${service}.${namespace}${short.has(namespace) ? '' : '.svc'}` }];
    });
    found.push(...(await Promise.all(batch)).flat());
  }
  return found;
}

/** `payments` of `payments`, `payments.shop`, `payments.shop.svc` and the full name; null of other names. */
function serviceOf(name: string, clusterDomain: string): string | null {
  const suffix = [`.svc.${clusterDomain}`, '.svc'].find((end) => name.endsWith(end)) ?? '';
  const [service = '', ...rest] = name.slice(0, name.length - suffix.length).split('.');
  return service === '' || rest.length > 1 ? null : service;
}
