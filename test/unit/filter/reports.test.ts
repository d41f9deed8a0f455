import assert from 'node:assert/strict';
import {
  checkCapture,
  checkNetwork,
  describeFilter,
  Filter,
  formatRule,
  routePlan,
} from '../../../src/filter/index.ts';
import { CLUSTER, scoped, settings, type NetworkInput } from '../support/filter.ts';

const FILTER = 'feature.network.outgoing.filter';

function faults(input: NetworkInput): string[] {
  return checkNetwork(settings(input)).faults.map(({ key, reason }) => `${key}: ${reason}`);
}

function warnings(input: NetworkInput): string[] {
  const check = checkNetwork(settings(input));
  assert.deepEqual(check.faults, []);
  return check.warnings.map(({ key, reason }) => `${key}: ${reason}`);
}

describe('what is wrong with feature.network', () => {
  const rows: readonly (readonly [string, NetworkInput, readonly RegExp[]])[] = [
    ['both lists', { local: ['a'], remote: ['b'] }, [/filter: local and remote exclude each other/]],
    ['an empty list', { local: [] }, [/filter\.local: the list is empty/]],
    ['every wrong entry', { local: ['a*b', 'ok', 'x:0'] }, [/local\[0\]: .*position 2/, /local\[2\]: .*position 3/]],
    ['a protocol in dns.filter', { dnsLocal: ['tcp://x'] }, [/dns\.filter\.local\[0\]: .*no protocol/]],
    ['an empty entry in dns.filter', { dnsRemote: [''] }, [/dns\.filter\.remote\[0\]: it is empty \(/]],
    ['both dns lists', { dnsLocal: ['a'], dnsRemote: ['b'] }, [/dns\.filter: local and remote/]],
    [
      'no range',
      { include: ['x'], exclude: ['10.0.0.0/33'] },
      [/include\[0\]: it is not a range/, /exclude\[0\]: it is not a range/],
    ],
    [
      'a range in and out',
      { include: ['10.0.0.0/8'], exclude: ['10.1.2.3/8'] },
      [/exclude\[0\]: the same range is also in .*include\[0\]/],
    ],
    [
      'hosts',
      { hosts: { 'a b': ['1.2.3.4'], x: ['nope'], y: [] } },
      [/hosts\.a b: it is not a host name/, /hosts\.x: "nope" is not an IP/, /hosts\.y: it needs/],
    ],
    [
      'a host that stands there twice',
      { hosts: { 'a.example': ['1.2.3.4'], 'A.Example.': ['1.2.3.5'] } },
      [/hosts\.A\.Example\.: the same name is also listed as "a\.example"/],
    ],
  ];
  for (const [title, input, expected] of rows) {
    it(title, () => {
      const found = faults(input);
      assert.equal(found.length, expected.length, found.join('\n'));
      for (const [i, pattern] of expected.entries()) assert.match(found[i], pattern);
    });
  }
});

describe('what feature.network warns of', () => {
  const rows: readonly (readonly [string, NetworkInput, readonly RegExp[]])[] = [
    ['nothing', { local: ['db', '10.0.0.1'], exclude: ['10.1.0.0/16'], dnsLocal: ['x'] }, []],
    ['an entry for a protocol that is off', { udp: false, local: ['udp://x', 'y'] }, [/local\[0\]: udp is off/]],
    ['IPv6 off', { ipv6: false, remote: ['[fd00::1]'] }, [/remote\[0\]: feature\.network\.ipv6 is off/]],
    [
      'remote loopback',
      { remote: ['localhost', '127.0.0.1:80', '[::1]', 'x'] },
      [/\[0\]: loopback/, /\[1\]: loopback/, /\[2\]: loopback/],
    ],
    ['both protocols off', { tcp: false, udp: false, local: ['x'] }, [/filter: tcp and udp are both off/]],
    [
      'DNS off with a remote name',
      { dnsEnabled: false, remote: ['rds.example', '10.0.0.1'] },
      [/remote\[0\]: feature\.network\.dns is off/],
    ],
    [
      'DNS off with a dns.filter',
      { dnsEnabled: false, dnsLocal: ['x'] },
      [/dns\.filter: feature\.network\.dns is off/],
    ],
    [
      'DNS off with hosts',
      { dnsEnabled: false, hosts: { x: ['1.1.1.1'] } },
      [/dns\.hosts: feature\.network\.dns is off/],
    ],
    ['an empty dns.filter', { dnsRemote: [] }, [/dns\.filter\.remote: the list is empty/]],
    [
      'ports in dns.filter',
      { dnsLocal: ['x:53', ':53', '0.0.0.0'] },
      [/local\[0\]: .*its port is ignored/, /local\[1\]: .*no effect/, /local\[2\]: .*applies to reverse names/],
    ],
    [
      'one name on both sides',
      { local: ['DB'], dnsRemote: ['db'] },
      [
        /filter\.local\[0\]: connections are local, but feature\.network\.dns\.filter\.remote\[0\] has the name resolved remotely/,
      ],
    ],
    [
      'include beside remote',
      { remote: ['x'], include: ['10.0.0.0/8'] },
      [/include: it has no effect with filter\.remote/],
    ],
  ];
  for (const [title, input, expected] of rows) {
    it(title, () => {
      const found = warnings(input);
      assert.equal(found.length, expected.length, found.join('\n'));
      for (const [i, pattern] of expected.entries()) assert.match(found[i], pattern);
    });
  }
});

describe('what is said before anything is changed', () => {
  function reports(input: NetworkInput, scope = CLUSTER): string[] {
    const filter = scoped(input, scope);
    return checkCapture(filter, routePlan(filter), ['203.0.113.5', 'api.corp.example']).map(
      ({ severity, text }) => `${severity}: ${text}`,
    );
  }

  it('nothing, when all is well', () => {
    assert.deepEqual(reports({}), []);
    assert.deepEqual(reports({ local: ['203.0.113.5', 'db'] }), []);
    assert.deepEqual(reports({ remote: ['db.example'] }), []);
    assert.deepEqual(reports({ scope: 'all' }), []);
  });

  const nothing = 'warning: Nothing is routed to the cluster:';
  const rows: readonly (readonly [NetworkInput, string])[] = [
    [{ local: ['0.0.0.0'] }, `${nothing} ${FILTER}.local[0] = "0.0.0.0" keeps everything on this machine.`],
    [
      { local: ['10.0.0.0/8', '[fd00::]/8'] },
      `${nothing} feature.network.outgoing.filter.local or .routes.exclude hold all of its ranges.`,
    ],
    [{ tcp: false, udp: false }, `${nothing} feature.network.outgoing.tcp and .udp are both off.`],
    [
      { remote: ['203.0.113.0/24'] },
      `warning: ${FILTER}.remote[0] = "203.0.113.0/24" holds the API server's address 203.0.113.5, which stays on its own path.`,
    ],
    [
      { remote: ['203.0.113.5:6443'] },
      `error: ${FILTER}.remote[0] = "203.0.113.5:6443" is the API server's address: the tunnel cannot reach the API server through itself.`,
    ],
    [
      { remote: ['*.corp.example'] },
      `warning: ${FILTER}.remote[0] = "*.corp.example" holds the API server's name api.corp.example, which stays on its own path.`,
    ],
    [
      { remote: ['API.corp.example.:443', '*.example'] },
      `error: ${FILTER}.remote[0] = "API.corp.example.:443" is the API server's name: the tunnel cannot reach the API server through itself.`,
    ],
    [
      { remote: [':443'] },
      `warning: ${FILTER}.remote[0] = ":443" holds the API server's address 203.0.113.5, which stays on its own path.`,
    ],
  ];
  for (const [input, expected] of rows) it(expected, () => assert.deepEqual(reports(input), [expected]));
});

describe('the filter in plain words', () => {
  it('names each rule with its place', () => {
    assert.deepEqual(describeFilter(new Filter(settings({ local: ['example-hostname.svc'] }))), [
      'local: example-hostname.svc (feature.network.outgoing.filter.local[0])',
    ]);
    const all = {
      remote: ['rds.example'],
      udp: false,
      exclude: ['10.0.0.0/8'],
      dnsLocal: ['x'],
      hosts: { db: ['127.0.0.1'] },
      ipv6: false,
    };
    assert.deepEqual(describeFilter(new Filter(settings(all))), [
      'local: all UDP (feature.network.outgoing.udp is off)',
      'cluster: rds.example (feature.network.outgoing.filter.remote[0])',
      'local: everything else',
      'local: 10.0.0.0/8 (feature.network.outgoing.routes.exclude[0])',
      'DNS local: x (feature.network.dns.filter.local[0])',
      'DNS: db is 127.0.0.1 (feature.network.dns.hosts)',
      'IPv6: not routed (feature.network.ipv6 is off)',
    ]);
  });

  it('counts what is too much to read', () => {
    const lines = describeFilter(new Filter(settings({ local: Array.from({ length: 10_000 }, (_, i) => `h${i}`) })));
    assert.equal(lines.length, 21);
    assert.equal(lines.at(-1), 'and 9980 more');
  });

  it('writes a rule as key and place', () => {
    assert.equal(formatRule({ key: 'a.b', index: null, text: 'false' }), 'a.b');
  });
});
