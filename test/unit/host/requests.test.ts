import assert from 'node:assert/strict';
import fc from 'fast-check';
import { checkRequest, dispatch } from '../../../src/host/dispatch.ts';
import {
  checkBoundFlows,
  checkDnsState,
  checkAskedNames,
  checkNetworkState,
  checkPublicKey,
  checkSocketPath,
  checkTarget,
  refuseUnasked,
} from '../../../src/host/requests.ts';
import type { HostOperations } from '../../../src/ipc/protocol.ts';
import type { NetworkState } from '../../../src/machine/network-state.ts';
import type { DnsState } from '../../../src/machine/dns-state.ts';

const NETWORK: NetworkState = {
  addresses: ['198.19.0.1/32', 'fd6d:6972:726f:1::1/128'],
  mtu: 1500,
  routes: ['10.96.0.0/16', 'fd00:96::/112'],
  pins: [],
  rules: [{ destination: '10.0.0.0/8', protocol: 'tcp', port: 80, side: 'local' }],
  unreachable: ['::/0'],
  farRanges: [],
  resolver: '198.19.0.53/32',
  forwarded: ['192.168.7.0/24'],
};

const DNS: DnsState = {
  mode: 'auto',
  servers: ['198.19.0.53'],
  redirects: [{ server: '192.168.7.254', port: 5300 }],
  exempt: { hopLimit: 100, tcp: [65535] },
  search: ['default.svc.cluster.local'],
  domains: ['cluster.local', '_tcp.example', '-a.b-', '96.10.in-addr.arpa'],
  everything: false,
};

const refused = { code: 'request-refused' };

describe('requests of the session', () => {
  it('pass when they are lawful, in canonical form', () => {
    assert.deepEqual(checkNetworkState(NETWORK), NETWORK);
    assert.deepEqual(checkDnsState(DNS), DNS);
    assert.deepEqual(checkNetworkState({ ...NETWORK, routes: ['10.96.0.7/16', 'FD00:0:0::7'] }).routes, [
      '10.96.0.0/16',
      'fd00::7/128',
    ]);
    assert.equal(checkTarget('netns/lab-1'), 'netns/lab-1');
    assert.equal(
      checkSocketPath('/run/mirrord/a/session/agent-1.sock', '/run/mirrord/a/session'),
      '/run/mirrord/a/session/agent-1.sock',
    );
  });

  const NETWORK_NONSENSE: readonly Partial<Record<keyof NetworkState, unknown>>[] = [
    { addresses: ['198.19.0.1/24'] },
    { addresses: ['127.0.0.1/32'] },
    { addresses: ['192.168.7.1/32'] },
    { addresses: ['198.19.64.1/32'] },
    { addresses: ['::1/128'] },
    { addresses: ['::ffff:198.19.0.1/128'] },
    { addresses: Array(5).fill('198.19.0.1/32') },
    { mtu: 100 },
    { mtu: 1500.5 },
    { mtu: '1500' },
    { routes: ['10.0.0.0/33'] },
    { routes: ['10.0.0.0/8 dev eth0'] },
    { routes: ['default'] },
    { routes: [7] },
    { routes: '10.0.0.0/8' },
    { routes: undefined },
    { farRanges: ['default'] },
    { farRanges: undefined },
    { routes: Array(70_000).fill('10.0.0.0/8') },
    { rules: [{ destination: '10.0.0.0/8', side: 'sideways' }] },
    { rules: [{ destination: '10.0.0.0/8', side: 'local', protocol: 'sctp' }] },
    { rules: [{ destination: '10.0.0.0/8', side: 'local', protocol: 'tcp', port: 0 }] },
    { rules: [{ destination: '10.0.0.0/8', side: 'local', port: 80 }] },
    { rules: [null] },
    { pins: ['-4'] },
    { resolver: '192.168.7.1/32' },
    { resolver: '198.19.0.53 lookup main' },
    { resolver: undefined },
    { forwarded: 'all' },
    { forwarded: ['docker0'] },
    { forwarded: Array(300).fill('10.0.0.0/8') },
  ];
  for (const nonsense of NETWORK_NONSENSE) {
    it(`are refused: network with ${JSON.stringify(nonsense).slice(0, 70)}`, () => {
      assert.throws(() => checkNetworkState({ ...NETWORK, ...nonsense }), refused);
    });
  }

  const DNS_NONSENSE: readonly Partial<Record<keyof DnsState, unknown>>[] = [
    { mode: 'hosts' },
    { servers: ['198.19.0.53:53'] },
    { servers: ['--help'] },
    { redirects: [{ server: '192.168.7.254', port: 0 }] },
    { redirects: [{ server: '192.168.7.254', port: 70_000 }] },
    { redirects: [{ server: '0.0.0.0/0', port: 5300 }] },
    { redirects: [{ server: '1 } ; flush ruleset', port: 5300 }] },
    { exempt: { hopLimit: 100, tcp: ['1 } ; flush ruleset'] } },
    { exempt: { hopLimit: '1 } ; flush ruleset', tcp: [] } },
    { exempt: { hopLimit: 256, tcp: [] } },
    { exempt: [] },
    { search: ['a b'] },
    { search: ['x\nnameserver 1.2.3.4'] },
    { search: ['-option'] },
    { domains: ['a..b'] },
    { domains: ['~.'] },
    { domains: ['.'] },
    { domains: [''] },
    { domains: [`${'a'.repeat(64)}.example`] },
    { everything: 'yes' },
  ];
  const PUBLIC: readonly Partial<DnsState>[] = [
    { domains: ['cluster.local', 'com'] },
    { domains: ['Co.UK'] },
    { domains: ['github.io'] },
    { domains: ['local'] },
    { search: ['dev'] },
  ];
  for (const state of PUBLIC) {
    it(`are refused: a public suffix that the user has not named, ${JSON.stringify(state)}`, () => {
      const checked = checkDnsState({ ...DNS, ...state });
      const asking = (...domains: readonly string[]): void =>
        refuseUnasked(checked, checkAskedNames({ domains, everything: true }), 'auto');
      assert.throws(() => asking(), refused);
      assert.throws(() => asking('net', 'example.com'), refused);
      asking('com', 'UK', 'github.io', 'dev', 'local');
    });
  }

  it('are refused: every name, or another way to it, that the user has not asked for', () => {
    const asked = { domains: [], everything: false };
    refuseUnasked(DNS, asked, 'auto');
    refuseUnasked({ ...DNS, mode: 'off' }, asked, 'auto');
    assert.throws(() => refuseUnasked({ ...DNS, everything: true }, asked, 'auto'), refused);
    refuseUnasked({ ...DNS, everything: true }, { ...asked, everything: true }, 'auto');
    assert.throws(() => refuseUnasked({ ...DNS, mode: 'nftables' }, asked, 'auto'), refused);
    assert.throws(() => refuseUnasked(DNS, asked, 'resolved'), refused);
  });

  for (const nonsense of DNS_NONSENSE) {
    it(`are refused: DNS with ${JSON.stringify(nonsense).slice(0, 70)}`, () => {
      assert.throws(() => checkDnsState({ ...DNS, ...nonsense }), refused);
    });
  }

  const FLOW = { source: { host: '192.168.7.1', port: 4000 }, destination: { host: 'FD00:0:0::7', port: 80 } };

  it('pass: flows by their four numbers', () => {
    assert.deepEqual(checkBoundFlows([FLOW]), [{ ...FLOW, destination: { host: 'fd00::7', port: 80 } }]);
  });

  for (const nonsense of [
    'all',
    [null],
    [{ ...FLOW, source: undefined }],
    [{ ...FLOW, source: { host: '192.168.7.1', port: 0 } }],
    [{ ...FLOW, destination: { host: '10.0.0.1 ) or ( dport = :22', port: 80 } }],
    Array.from({ length: 257 }, () => FLOW),
  ]) {
    it(`are refused: flows ${JSON.stringify(nonsense).slice(0, 70)}`, () => {
      assert.throws(() => checkBoundFlows(nonsense), refused);
    });
  }

  it('are refused: targets, keys and paths of another kind', () => {
    for (const target of [
      'netns/',
      'netns/..',
      'netns/a/b',
      'netns/-x',
      'process/0',
      'process/self',
      'pod/x',
      'process/1;ls',
      7,
    ]) {
      assert.throws(() => checkTarget(target), refused, String(target));
    }
    for (const key of ['', 'a\0b', 'x'.repeat(5_000), null]) assert.throws(() => checkPublicKey(key), refused);
    const folder = '/run/mirrord/a/session';
    for (const path of [
      folder,
      `${folder}/`,
      `${folder}/../x`,
      `${folder}/a/b`,
      '/tmp/x',
      `${folder}x/a`,
      `${folder}/.x`,
      1,
    ]) {
      assert.throws(() => checkSocketPath(path, folder), refused, String(path));
    }
  });

  it('never crash the host, whatever they are', async () => {
    const called: string[] = [];
    const host = Object.fromEntries(
      ['facts', 'target', 'startAgent', 'network', 'named', 'route', 'programSearch', 'strangers', 'dns'].map(
        (name) => [name, async () => called.push(name)],
      ),
    ) as unknown as HostOperations;
    const op = fc.constantFrom(
      'facts',
      'target',
      'startAgent',
      'network',
      'named',
      'programSearch',
      'strangers',
      'dns',
      'constructor',
      '__proto__',
      'close',
    );
    const args = fc.oneof(
      fc.array(fc.anything()),
      fc.anything(),
      fc.array(fc.record({ routes: fc.anything(), mode: fc.anything() })),
    );
    await fc.assert(
      fc.asyncProperty(op, args, fc.anything(), async (name, values, id) => {
        called.length = 0;
        try {
          await dispatch(host, checkRequest({ type: 'request', id, op: name, args: values }), '/run/mirrord/a/session');
          assert.ok(called.length === 1);
        } catch (error) {
          assert.equal((error as { code: string }).code, 'request-refused');
          assert.deepEqual(called, []);
        }
      }),
    );
  });
});
