/**
 * Runs inside one namespace: `main.ts cluster|cluster-without-dns|internet QUERY_LOG`.  Prints `ready` when everything listens, and lives
 * until it is killed.
 */
import { CLUSTER_DNS, FILTERED_PORT, PUBLIC_DNS, PUBLIC_WEB } from '../addresses.ts';
import { SERVICES, addressesOf } from '../catalog.ts';
import { writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { startNameServer } from './name-server.ts';
import { serve } from './protocols.ts';
import { clusterZone, publicZone } from './zone.ts';

const [, , side, log] = process.argv;
if (log === undefined) throw new Error('usage: main.ts cluster|cluster-without-dns|internet QUERY_LOG');

if (side === 'cluster' || side === 'cluster-without-dns') {
  // An absent pod is found out after 0.3 s instead of 3.
  writeFileSync('/proc/sys/net/ipv4/neigh/pods/retrans_time_ms', '100');
  writeFileSync('/proc/sys/net/ipv6/neigh/pods/retrans_time_ms', '100');
  execFileSync('nft', [
    `table inet firewall {
      chain input { type filter hook input priority 0; tcp dport ${FILTERED_PORT} drop; udp dport ${FILTERED_PORT} drop; }
    }`,
  ]);
  for (const service of SERVICES) {
    for (const address of addressesOf(service)) {
      for (const port of service.ports) await serve(port.protocol, service.name, address, port.number);
    }
  }
  if (side === 'cluster') await startNameServer(clusterZone(), [CLUSTER_DNS.v4, CLUSTER_DNS.v6], log);
} else {
  for (const address of [PUBLIC_WEB.v4, PUBLIC_WEB.v6]) await serve('http', 'the public web', address, 80);
  await startNameServer(publicZone(), [PUBLIC_DNS.v4, PUBLIC_DNS.v6], log);
}
console.log('ready');
