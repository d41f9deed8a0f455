/**
 * Which names are the cluster's.  Pure; every name is in normal form (lower case, no final dot).
 *
 * | name                                                   | kind      | asked of                                     |
 * |--------------------------------------------------------|-----------|----------------------------------------------|
 * | `localhost` and below (RFC 6761, 6.3)                  | localhost | no server                                    |
 * | the cluster's zones and below                          | inside    | the cluster, as it is                        |
 * | reverse names within the routed ranges                 | inside    | the cluster, as it is                        |
 * | `svc`, `x.svc` and below                               | service   | the cluster, by the search list              |
 * | last label is a namespace, but no public one: `db.prod`| short     | the cluster, by the search list; if it knows |
 * | one label, service labels aside: `db`, `_pg._tcp.db`   | short     | no such name, the machine's servers          |
 * | `local` and below (mDNS, RFC 6762), all else, the root | outside   | the machine's servers, never the cluster     |
 *
 * Short names may be the machine's own too: the router's `printer`, or `web.lab` with a namespace called `lab`.  The
 * cluster is asked first, as in a pod, so that a service is not shadowed; the machine's servers are asked only after the
 * cluster's NXDOMAIN, so that nothing public is lost.  Such a name reaches the cluster's DNS only with a search suffix
 * behind it, never as it is.  Names under the zones and `svc` never go anywhere but to the cluster: what a
 * cluster does not have must not be answered by the owner of that name elsewhere.
 *
 * An outside name that the machine's servers do not know may still be `service.namespace` of a namespace that could not be
 * listed, or `pod.service` of a headless service in the own namespace; the resolver asks the cluster for the last label.
 *
 * A machine's own search suffix (`db.corp.example`) makes an outside name: the program's resolver tries the bare `db` next.
 */
import type { ClusterNames } from './cluster-names.ts';
import { isWithin, normalName } from './name.ts';
import { isReverseOf } from './reverse.ts';

export type NameKind = 'localhost' | 'inside' | 'service' | 'short' | 'outside';

export function classify(name: string, names: ClusterNames): NameKind {
  if (name === '') return 'outside';
  if (isWithin(name, 'localhost')) return 'localhost';
  if (names.zones.some((zone) => isWithin(name, zone))) return 'inside';
  if (isWithin(name, 'local')) return 'outside';
  if (isWithin(name, 'svc')) return 'service';
  if (name.endsWith('.arpa')) return isReverseOf(name, names.ranges) ? 'inside' : 'outside';

  if (isSingleHost(name)) return 'short';
  return names.shortNamespaces.has(name.slice(name.lastIndexOf('.') + 1)) ? 'short' : 'outside';
}

/** Whether the name is the cluster's to answer, or first of all the cluster's. */
export function isClusterName(name: string, names: ClusterNames): boolean {
  const kind = classify(normalName(name), names);
  return kind !== 'outside' && kind !== 'localhost';
}

/** One label, those of a service aside (RFC 2782): `db`, `_pg._tcp.db`. */
export function isSingleHost(name: string): boolean {
  const labels = name.split('.');
  return labels.findIndex((label) => !label.startsWith('_')) === labels.length - 1;
}
