/** Ranges that a cluster without ServiceCIDR objects gives away in other places. */
import { parseCidr } from '../../net/index.ts';
import { ApiError, isStatus } from '../server/api-error.ts';
import type { Api } from '../server/api.ts';

/** RFC 5737 and RFC 3849: documentation addresses, in no service range. */
const IMPOSSIBLE = [
  { family: 'IPv4', address: '192.0.2.1' },
  { family: 'IPv6', address: '2001:db8::1' },
];

/**
 * A dry-run Service with an impossible address is refused in words that name the range ("The range of valid IPs is
 * 10.96.0.0/12"), up to Kubernetes 1.32.  Empty when the words are others, or when we may not ask.
 */
export async function rangesFromRefusal(api: Api, namespace: string, signal: AbortSignal): Promise<string[]> {
  const ranges: string[] = [];
  for (const { family, address } of IMPOSSIBLE) {
    const spec = { clusterIP: address, ipFamilies: [family], ipFamilyPolicy: 'SingleStack', ports: [{ port: 80 }] };
    try {
      await api.create({
        path: `/api/v1/namespaces/${namespace}/services`,
        query: { dryRun: 'All' },
        body: { apiVersion: 'v1', kind: 'Service', metadata: { generateName: 'mirrord-' }, spec },
        signal,
      });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 403) return ranges;
      const range = rangeInRefusal(error.message);
      if (range !== null) ranges.push(range);
    }
  }
  return ranges;
}

export function rangeInRefusal(message: string): string | null {
  const found = /range of valid IPs is ([0-9a-fA-F.:]+\/\d+)/.exec(message)?.[1];
  return found !== undefined && parseCidr(found) !== null ? found : null;
}

export interface KubeadmRanges {
  readonly services: readonly string[];
  readonly pods: readonly string[];
}

/** kubeadm keeps what it was told in a ConfigMap; null when there is none, or it may not be read. */
export async function rangesFromKubeadm(api: Api, signal: AbortSignal): Promise<KubeadmRanges | null> {
  try {
    const path = '/api/v1/namespaces/kube-system/configmaps/kubeadm-config';
    const { data } = await api.get<{ data?: Record<string, string> }>({ path, signal });
    return kubeadmRanges(data?.['ClusterConfiguration'] ?? '');
  } catch (error) {
    if (isStatus(error, 403, 404)) return null;
    throw error;
  }
}

export function kubeadmRanges(configuration: string): KubeadmRanges {
  const read = (key: string): string[] => {
    const value = new RegExp(`^\\s*${key}:\\s*["']?([^\\s"'#]+)`, 'm').exec(configuration)?.[1] ?? '';
    return value.split(',').filter((text) => parseCidr(text) !== null);
  };
  return { services: read('serviceSubnet'), pods: read('podSubnet') };
}
