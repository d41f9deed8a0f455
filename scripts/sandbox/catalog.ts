/**
 * What runs in the sandbox's cluster: the one table from which the servers, the addresses and the DNS zone are made.
 */
import { CLUSTER_DNS, pod, service } from './addresses.ts';
import type { Host } from './addresses.ts';

export type Protocol = 'http' | 'tcp-echo' | 'udp-echo' | 'greeting' | 'digest' | 'source';

export interface Port {
  readonly number: number;
  readonly name: string;
  readonly protocol: Protocol;
}

export interface Service {
  readonly name: string;
  readonly namespace: string;
  /** One virtual address, or for a headless service the pods behind it by host name. */
  readonly host?: Partial<Host>;
  readonly pods?: Readonly<Record<string, Host>>;
  readonly ports: readonly Port[];
}

export const CLUSTER_DOMAIN = 'cluster.local';
export const SEARCH = [`default.svc.${CLUSTER_DOMAIN}`, `svc.${CLUSTER_DOMAIN}`, CLUSTER_DOMAIN];

const web: Port = { number: 8080, name: 'http', protocol: 'http' };

export const SERVICES: readonly Service[] = [
  { name: 'payment-service', namespace: 'default', host: service(1), ports: [web] },
  { name: 'inventory', namespace: 'shop', host: service(2), ports: [{ ...web, number: 80 }] },
  {
    name: 'db',
    namespace: 'prod',
    host: service(3),
    ports: [{ number: 5432, name: 'sql', protocol: 'greeting' }],
  },
  {
    name: 'echo',
    namespace: 'default',
    host: service(4),
    ports: [
      { number: 7, name: 'echo', protocol: 'tcp-echo' },
      { number: 7, name: 'echo-udp', protocol: 'udp-echo' },
    ],
  },
  {
    name: 'bulk',
    namespace: 'default',
    host: service(5),
    ports: [
      { number: 9, name: 'digest', protocol: 'digest' },
      { number: 19, name: 'source', protocol: 'source' },
    ],
  },
  {
    name: 'cache',
    namespace: 'default',
    pods: { 'cache-0': pod(11), 'cache-1': pod(12) },
    ports: [web],
  },
  { name: 'v4only', namespace: 'default', host: { v4: service(6).v4 }, ports: [web] },
  { name: 'v6only', namespace: 'default', host: { v6: service(7).v6 }, ports: [web] },
];

/** Addresses of a service, one entry per host and family. */
export function addressesOf({ pods, host: only }: Service): string[] {
  const hosts = pods ? Object.values(pods) : [only ?? {}];
  return hosts.flatMap(({ v4, v6 }: Partial<Host>) => [v4, v6].filter((address) => address !== undefined));
}

/** Every address that the cluster's namespace must own. */
export function clusterAddresses(): string[] {
  return [CLUSTER_DNS.v4, CLUSTER_DNS.v6, ...SERVICES.flatMap(addressesOf)];
}
