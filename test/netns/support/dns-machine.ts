/**
 * A machine with its own DNS server and the resolver in front of it; runs inside namespaces that the test made.
 *
 * Port 53 is redirected to the resolver but for its own questions, as on a real machine without systemd-resolved.
 * Prints one line when ready, then one line for every question that the machine's server or the cluster's got.
 */
import { execFileSync } from 'node:child_process';
import { HostsFile } from '../../../src/dns/hosts-file.ts';
import { listenOnLoopback } from '../../../src/dns/loopback-listener.ts';
import { createResolver } from '../../../src/dns/resolver.ts';
import { clusterNames } from '../../../src/names/cluster-names.ts';
import { Upstream } from '../../../src/dns/upstream.ts';
import { startDnsServer } from '../../socket/support/dns-server.ts';
import { answerFromZone, asked, NAMES, type Zone } from '../../unit/support/dns.ts';

const CLUSTER: Zone = {
  'db.default.svc.cluster.local A': ['10.96.0.1'],
  'db.default.svc.cluster.local AAAA': ['fd00:10:96::1'],
  'web.prod.svc.cluster.local A': ['10.96.0.2'],
  'all.default.svc.cluster.local A': Array.from({ length: 100 }, (_, i) => `10.244.0.${i + 1}`),
  '1.0.96.10.in-addr.arpa PTR': ['db.default.svc.cluster.local'],
};
const MACHINE: Zone = {
  'www.example.com A': ['192.0.2.1'],
  'www.example.com AAAA': ['2001:db8::1'],
  'printer A': ['192.168.1.9'],
};

const server = await startDnsServer(
  (message) => {
    console.log(`machine ${asked(message)}`);
    return answerFromZone(message, MACHINE);
  },
  '127.0.0.53',
  53,
);

const HOP_LIMIT = 100;
const upstream = await Upstream.open(['127.0.0.53'], { hopLimit: HOP_LIMIT });
const hosts = new HostsFile('/etc/hosts');
const resolver = createResolver(
  clusterNames(NAMES),
  {
    rule: (names) => (names.includes('example-hostname.svc') ? 'local' : 'default'),
    host: () => undefined,
    ipv6: true,
    prepareAnswer: () => Promise.resolve(),
  },
  {
    cluster: (message) => {
      console.log(`cluster ${asked(message)}`);
      return answerFromZone(message, CLUSTER);
    },
    upstream: upstream.ask.bind(upstream),
    namespaceExists: () => Promise.resolve(false),
    serviceExists: () => Promise.resolve(false),
    mayBeService: () => Promise.resolve(false),
    hosts: hosts.lookup.bind(hosts),
    targetHosts: () => undefined,
    now: () => performance.now(),
    report: (error) => console.log(`error ${String(error)}`),
  },
);
const listener = await listenOnLoopback(resolver, upstream.relay());
const rules = `table inet dns_test {
  chain out {
    type nat hook output priority -100;
    ip ttl ${HOP_LIMIT} udp dport 53 return
    tcp sport { ${upstream.tcpPorts.join(', ')} } tcp dport 53 return
    udp dport 53 redirect to :${listener.port}
    tcp dport 53 redirect to :${listener.port}
  }
}
`;
execFileSync('nft', [rules]);
console.log(`ready ${process.pid}`);

process.stdin.resume().on('end', () => {
  upstream.close();
  void Promise.all([listener.close(), server.close()]);
});
