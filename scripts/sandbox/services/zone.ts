/** What a name server knows: records by lower-case name.  The cluster's zone follows the Kubernetes DNS specification. */
import type { Answer } from 'dns-packet';
import { CLUSTER_DOMAIN, SERVICES } from '../catalog.ts';
import { CLUSTER_DNS, PUBLIC_WEB } from '../addresses.ts';
import type { Host } from '../addresses.ts';

const TTL_S = 30;

export interface Zone {
  /** Names under these are answered, with NXDOMAIN where there is nothing; all others are refused. */
  readonly origins: readonly string[];
  readonly records: ReadonlyMap<string, readonly Answer[]>;
}

class Records extends Map<string, Answer[]> {
  addHost(name: string, host: Partial<Host>): void {
    if (host.v4 !== undefined) this.put({ type: 'A', name, ttl: TTL_S, data: host.v4 });
    if (host.v6 !== undefined) this.put({ type: 'AAAA', name, ttl: TTL_S, data: host.v6 });
  }

  addReverse(host: Partial<Host>, data: string): void {
    for (const address of [host.v4, host.v6]) {
      if (address !== undefined) this.put({ type: 'PTR', name: reverseName(address), ttl: TTL_S, data });
    }
  }

  put(record: Answer): void {
    const key = record.name.toLowerCase();
    this.set(key, [...(this.get(key) ?? []), record]);
  }
}

export function clusterZone(): Zone {
  const records = new Records();
  for (const service of SERVICES) {
    const base = `${service.name}.${service.namespace}.svc.${CLUSTER_DOMAIN}`;
    const targets = service.pods
      ? Object.entries(service.pods).map(([pod, host]) => ({ name: `${pod}.${base}`, host }))
      : [{ name: base, host: service.host ?? {} }];
    for (const { name, host } of targets) {
      records.addHost(name, host);
      if (name !== base) records.addHost(base, host);
      records.addReverse(host, name);
      for (const port of service.ports) {
        const protocol = port.protocol === 'udp-echo' ? 'udp' : 'tcp';
        records.put({
          type: 'SRV',
          name: `_${port.name}._${protocol}.${base}`,
          ttl: TTL_S,
          data: { priority: 0, weight: 100, port: port.number, target: name },
        });
      }
    }
  }
  records.addHost(`kube-dns.kube-system.svc.${CLUSTER_DOMAIN}`, CLUSTER_DNS);
  return { origins: [CLUSTER_DOMAIN, 'in-addr.arpa', 'ip6.arpa'], records };
}

export function publicZone(): Zone {
  const records = new Records();
  records.addHost('www.example.com', PUBLIC_WEB);
  records.put({ type: 'TXT', name: 'large.example.com', ttl: TTL_S, data: Array<string>(20).fill('x'.repeat(200)) });
  return { origins: ['example.com', 'home.example', 'in-addr.arpa', 'ip6.arpa', 'local', ''], records };
}

/** `10.96.0.1` → `1.0.96.10.in-addr.arpa`; IPv6 by nibbles (RFC 3596, section 2.5). */
export function reverseName(address: string): string {
  if (!address.includes(':')) return `${address.split('.').reverse().join('.')}.in-addr.arpa`;
  const [head = '', tail] = address.split('::');
  const left = head.split(':').filter(Boolean);
  const right = (tail ?? '').split(':').filter(Boolean);
  const groups = [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right];
  const nibbles = groups.map((group) => group.padStart(4, '0')).join('');
  return `${nibbles.split('').reverse().join('.')}.ip6.arpa`;
}
