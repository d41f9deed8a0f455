/**
 * Domains below which strangers own names: `com`, `dev`, `co.uk`, `github.io`.  A server that answers for one of them answers for
 * banks and package registries, so no cluster, pod or session is given one on its own word (`feature.network.dns.domains`
 * gives it).
 *
 * The data is Mozilla's Public Suffix List, both sections, as the package carries it: a hundred kilobytes and some 10 ms to
 * load, so only what takes names over imports this file.
 */
import { parse } from 'tldts';

/** They belong to no registry and yet to no cluster: the local link (RFC 6762) and this machine (RFC 6761, 6.3). */
const SPECIAL: ReadonlySet<string> = new Set(['', 'local', 'localhost']);

const OPTIONS = { allowPrivateDomains: true, detectIp: false, extractHostname: false, validateHostname: false };

/** `domain` in lower case, without final dot. */
export function isPublicSuffix(domain: string): boolean {
  return SPECIAL.has(domain) || suffixOf(domain) === domain;
}

/** Whether `domain` lies below a public suffix, as a company's own does; `cluster.local` and `k8s.internal` do not. */
export function isBelowPublicSuffix(domain: string): boolean {
  const suffix = suffixOf(domain);
  return suffix !== null && suffix !== domain;
}

/** The listed suffix; null for what the list does not have, whose default rule would make a suffix of every last label. */
function suffixOf(domain: string): string | null {
  const { publicSuffix, isIcann, isPrivate } = parse(domain, OPTIONS);
  return isIcann === true || isPrivate === true ? publicSuffix : null;
}
