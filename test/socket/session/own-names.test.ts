/** Names that lead to the API server, or to a login, are this machine's to answer: the cluster may be what waits for it. */
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

/** Without an agent, and without a server of the machine's: nothing answers, and who was asked shows by how soon that is said. */
async function open(input: NetworkInput, isLoggingIn = false): Promise<SessionNames> {
  const filter = new Filter(settings(input));
  const lists = { ranges: ['10.96.0.0/16'], namespaces: ['default'], allNamespaces: true };
  const discovery = { ...lists, domains: ['cluster.local'], notes: [] };
  const host = { named: async () => undefined } as Partial<HostOperations> as HostOperations;
  const virtual = { tun: ['198.19.0.1/32'], resolver: '198.19.0.53' };
  const network = new SessionNetwork(host, filter, virtual, { discovery, facts, own: [] });
  const nobody = { start: () => Promise.reject(new Error('no agent')) };
  const silent = (): void => undefined;
  return SessionNames.open(
    {
      host,
      filter,
      agents: new AgentPool([nobody], { changed: silent, gone: silent, restarted: silent }),
      network,
      nameRoutes: new NameRoutes(network.scoped),
      matches: new RuleMatches(),
      mode: 'off',
      ownNames: () => ['API.corp.example', 'k8s'],
      isLoggingIn: () => isLoggingIn,
      address: virtual.resolver,
      hopLimit: 100,
      warn: silent,
      report: silent,
    },
    { resolvConf: RESOLV_CONF, hosts: '' },
    network.known,
  );
}

describe("the transport's own names", () => {
  const rows: readonly (readonly [string, NetworkInput])[] = [
    ['scope: all', { scope: 'all' }],
    ['a wildcard in filter.remote', { remote: ['*.corp.example', 'k8s'] }],
    ['dns.filter.remote', { dnsRemote: ['*.corp.example', 'k8s'] }],
  ];
  for (const [title, input] of rows) {
    it(`are answered by this machine under ${title}, all others as it says`, async () => {
      const names = await open(input);
      try {
        const answer = (name: string): string => names.resolve(names.forms(name)).answer;
        assert.deepEqual(['api.corp.example.', 'k8s', 'other.corp.example'].map(answer), ['local', 'local', 'cluster']);
      } finally {
        await names.close();
      }
    });
  }
});

describe('while the tunnel is away', () => {
  const CLUSTER = 'waits for the agent';
  const MACHINE = 'has no server to ask';
  const asked = async (name: string, input: NetworkInput, isLoggingIn: boolean): Promise<string> => {
    const names = await open(input, isLoggingIn);
    try {
      const started = performance.now();
      await names.lookUp(name);
      return performance.now() - started > 1_000 ? CLUSTER : MACHINE;
    } finally {
      await names.close();
    }
  };
  const all: NetworkInput = { scope: 'all' };
  const named: NetworkInput = { scope: 'all', dnsRemote: ['login.corp.example'] };

  it("names that only scope: all gives to the cluster are this machine's, as long as a login is being asked", async () => {
    const rows = [
      ['login.corp.example', all, true, MACHINE],
      ['login.corp.example', all, false, CLUSTER],
      ['login.corp.example', named, true, CLUSTER],
      ['web.default', all, true, CLUSTER],
      ['web', all, true, CLUSTER],
    ] as const;
    await Promise.all(
      rows.map(async ([name, input, isLoggingIn, who]) => {
        assert.equal(await asked(name, input, isLoggingIn), who, `${name}, ${isLoggingIn}`);
      }),
    );
  });
});
