/** Names that lead to the API server are this machine's to answer: the cluster may be what waits for the answer. */
import assert from 'node:assert/strict';
import { Filter, NameRoutes } from '../../../src/filter/index.ts';
import type { HostOperations } from '../../../src/ipc/protocol.ts';
import type { MachineFacts } from '../../../src/machine/facts.ts';
import { AgentPool } from '../../../src/session/agents/pool.ts';
import { SessionNames } from '../../../src/session/names.ts';
import { SessionNetwork } from '../../../src/session/network.ts';
import { RuleMatches } from '../../../src/session/rule-matches.ts';
import { settings, type NetworkInput } from '../../unit/support/filter.ts';

const RESOLV_CONF = 'search default.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5\n';

const facts: MachineFacts = {
  routes: [],
  addresses: [],
  bridges: [],
  dns: { servers: [], asked: [], search: [], ndots: 1, resolved: false, resolvConf: '', overwritten: false },
};

describe("the transport's own names", () => {
  const rows: readonly (readonly [string, NetworkInput])[] = [
    ['scope: all', { scope: 'all' }],
    ['a wildcard in filter.remote', { remote: ['*.corp.example', 'k8s'] }],
    ['dns.filter.remote', { dnsRemote: ['*.corp.example', 'k8s'] }],
  ];
  for (const [title, input] of rows) {
    it(`are answered by this machine under ${title}, all others as it says`, async () => {
      const filter = new Filter(settings(input));
      const lists = { ranges: ['10.96.0.0/16'], namespaces: ['default'], allNamespaces: true };
      const discovery = { ...lists, domains: ['cluster.local'], notes: [] };
      const host = { named: async () => undefined } as Partial<HostOperations> as HostOperations;
      const virtual = { tun: ['198.19.0.1/32'], resolver: '198.19.0.53' };
      const network = new SessionNetwork(host, filter, virtual, { discovery, facts, own: [] });
      const nobody = { start: () => Promise.reject(new Error('no agent')) };
      const silent = (): void => undefined;
      const names = await SessionNames.open(
        {
          host,
          filter,
          agents: new AgentPool([nobody], { changed: silent, gone: silent, restarted: silent }),
          network,
          nameRoutes: new NameRoutes(network.scoped),
          matches: new RuleMatches(),
          mode: 'off',
          ownNames: () => ['API.corp.example', 'k8s'],
          address: virtual.resolver,
          hopLimit: 100,
          warn: silent,
          report: silent,
        },
        { resolvConf: RESOLV_CONF, hosts: '' },
        network.known,
      );
      try {
        const answer = (name: string): string => names.resolve(names.forms(name)).answer;
        assert.deepEqual(['api.corp.example.', 'k8s', 'other.corp.example'].map(answer), ['local', 'local', 'cluster']);
      } finally {
        await names.close();
      }
    });
  }
});
