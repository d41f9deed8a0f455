/**
 * The cluster's DNS domain in the API server's own words.
 *
 * Pods could be asked, and a pod's word is worth nothing here: names below this domain are taken from the whole machine.
 * The API server has the full name of its own Service in its certificate (kubeadm, k3s and the clouds put it there), which
 * the kubeconfig's authority has signed; where a proxy shows another certificate, the issuer of service accounts' tokens
 * often has the same host.
 */
import type { Api } from '../server/api.ts';

const OWN_SERVICE = /^kubernetes\.default\.svc\.([a-z0-9-]+(?:\.[a-z0-9-]+)*)\.?$/;

/** Empty where neither says.  `certified`: names in the certificate that was verified. */
export async function clusterDomains(
  api: Api,
  certified: () => readonly string[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const ofCertificate = domainsOf(certified());
  return ofCertificate.length > 0 ? ofCertificate : domainsOf(await issuerHost(api, signal));
}

function domainsOf(hosts: readonly string[]): readonly string[] {
  return [...new Set(hosts.flatMap((host) => OWN_SERVICE.exec(host.toLowerCase())?.[1] ?? []))];
}

/** OpenID Connect Discovery 1.0; many a user may not read it, and some clusters have an issuer elsewhere. */
async function issuerHost(api: Api, signal: AbortSignal): Promise<readonly string[]> {
  try {
    const { issuer } = await api.get<{ issuer?: unknown }>({ path: '/.well-known/openid-configuration', signal });
    const url = typeof issuer === 'string' ? URL.parse(issuer) : null;
    return url === null ? [] : [url.hostname];
  } catch {
    // Forbidden, not there, or a proxy's page: it does not say.
    signal.throwIfAborted();
    return [];
  }
}
