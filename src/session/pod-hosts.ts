/**
 * Names of the target pod's hosts file (its `hostAliases`, and the pod itself), as far as they count on this machine.
 *
 * A name there is a name to the target's own program, before any DNS.  But root in the container can write that file, and
 * here every program would follow it: so it has no say about public names, the local link's, or those of the domains that
 * this machine searches, unless the user gives them (`feature.network.dns.domains`).  Addresses of the pod's own loopback
 * and link mean something else here, and are left out.  Pure.
 */
import { isIPv4 } from 'node:net';
import { parseHosts, type HostTable } from '../dns/hosts-file.ts';
import { HOST_NAME, isWithin, normalName } from '../names/name.ts';
import { cidrContains, parseAddress, parseCidr } from '../net/index.ts';
import { isBelowPublicSuffix, isPublicSuffix } from '../names/public-suffix.ts';

/** A pod has a handful; a longer list was not written for it. */
const MAX_NAMES = 256;
const MAX_ADDRESSES = 16;
/** The kubelet's and glibc's own lines (`ip6-allnodes`), which are in every file. */
const BOILERPLATE = /^ip6-/;
/** Loopback, link-local, multicast and the like (RFC 6890), which do not reach beyond the pod. */
const UNUSABLE = ['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/3'].map((text) => parseCidr(text)!);
/** Global and unique local unicast (RFC 4291, 2.4; RFC 4193): of IPv6, nothing else. */
const USABLE_IPV6 = ['2000::/3', 'fc00::/7'].map((text) => parseCidr(text)!);

export interface PodHosts {
  readonly table: HostTable;
  /** Names that stay this machine's although the file has them. */
  readonly withheld: readonly string[];
}

export const NO_POD_HOSTS: PodHosts = { table: new Map(), withheld: [] };

export interface HostsScope {
  /** What is the cluster's or given by the user: the file may speak about names in there. */
  readonly given: readonly string[];
  /** The search list of this machine. */
  readonly machineSearch: readonly string[];
}

export function podHosts(text: string, { given, machineSearch }: HostsScope): PodHosts {
  const table = new Map<string, readonly string[]>();
  const withheld: string[] = [];
  for (const [name, all] of parseHosts(text)) {
    if (table.size + withheld.length >= MAX_NAMES) break;
    const addresses = all.filter(isUsable).slice(0, MAX_ADDRESSES);
    if (addresses.length === 0 || !HOST_NAME.test(name) || BOILERPLATE.test(name) || isWithin(name, 'localhost'))
      continue;
    const isGiven = given.some((domain) => isWithin(name, domain));
    if (isGiven || !isSomebodys(name, machineSearch)) table.set(name, addresses);
    else withheld.push(name);
  }
  return { table, withheld };
}

function isSomebodys(name: string, machineSearch: readonly string[]): boolean {
  return (
    isPublicSuffix(name) ||
    isBelowPublicSuffix(name) ||
    ['local', 'arpa', ...machineSearch.map(normalName)].some((domain) => isWithin(name, domain))
  );
}

function isUsable(text: string): boolean {
  const address = parseAddress(text);
  if (address === null) return false;
  const isIn = (ranges: typeof UNUSABLE): boolean => ranges.some((range) => cidrContains(range, address));
  return isIPv4(text) ? !isIn(UNUSABLE) : isIn(USABLE_IPV6);
}
