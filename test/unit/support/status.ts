import type { Reader, ShownSession } from '../../../src/cli/status-text.ts';

export const HERE = 'net:[4026531840]';

export const READER: Reader = { networkNamespace: HERE, home: '/home/dev' };

/** A session that is up. */
export const STATUS: ShownSession = {
  name: 'default',
  state: 'ready',
  reconnecting: null,
  pid: 4711,
  target: 'targetless',
  cluster: { context: 'kind-dev', server: 'https://127.0.0.1:6443', version: 'v1.34.4', namespace: 'shop' },
  agent: { kind: 'job', name: 'job/mirrord-agent-x7k2', node: 'node1', image: 'node:24' },
  tun: { name: 'mirrord0', addresses: ['10.255.255.1/32'], mtu: 1500 },
  routes: ['10.96.0.0/16', '10.244.0.0/24'],
  dns: {
    mode: 'resolved',
    reason: 'systemd-resolved, link mirrord0',
    server: '10.255.255.2',
    domains: ['cluster.local', 'svc'],
    search: [],
    podHosts: [],
    withheldPodHosts: [],
  },
  forwarded: { text: 'open to this machine and its bridges docker0', dropped: 7 },
  incoming: [],
  flows: { tcp: 3, udp: 1 },
  bytes: { up: 999, down: 12_345_678 },
  transport: { kind: 'websocket', rtt_ms: 1.26, resumes: 2 },
  filter: ['local: db.prod (feature.network.outgoing.filter.local[0])'],
  matches: [
    { side: 'cluster', rule: null, value: '10.96.0.0/16', flows: 12, questions: 0 },
    { side: 'local', rule: 'feature.network.outgoing.filter.local[0]', value: 'db.prod', flows: 0, questions: 1 },
  ],
  warnings: ['wg0 routes 10.96.0.0/12, too'],
  log: '/home/dev/.local/state/mirrord/default.log',
  user: 'dev',
  network_namespace: HERE,
};
