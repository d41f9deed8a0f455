import assert from 'node:assert/strict';
import {
  explain,
  formatDestination,
  formatExplanation,
  NameRoutes,
  parseDestination,
  type ExplainContext,
} from '../../../src/filter/index.ts';
import { nameForms } from '../../../src/names/forms.ts';
import { NAMES, scoped, type NetworkInput } from '../support/filter.ts';

function text(destination: string, input: NetworkInput = {}, context: Partial<ExplainContext> = {}): string {
  return formatExplanation(explain(parseDestination(destination), scoped(input), { names: NAMES, ...context }));
}

describe('explain', () => {
  it('a local name, answered by the hosts file', () => {
    const answer = { by: 'machine', addresses: ['127.0.0.1'], source: '/etc/hosts' } as const;
    assert.equal(
      text('example-hostname.svc:5432', { local: ['example-hostname.svc'] }, { answer, route: 'lo' }),
      `example-hostname.svc:5432/tcp stays on this machine
  rule    feature.network.outgoing.filter.local[0] = "example-hostname.svc"
  DNS     answered by this machine (127.0.0.1, /etc/hosts)
  route   lo
`,
    );
  });

  it('a service of the cluster', () => {
    const answer = { by: 'cluster', addresses: ['10.96.0.20'] } as const;
    assert.equal(
      text('payment-service:8080', {}, { answer, route: 'mirrord0' }),
      `payment-service:8080/tcp goes to the cluster
  rule    none: in the cluster's range 10.96.0.0/16
  DNS     answered by the cluster (10.96.0.20)
  route   mirrord0
`,
    );
  });

  it('without a session: what the configuration says', () => {
    assert.equal(
      text('db.prod'),
      `db.prod goes to the cluster
  rule    none: a name of the cluster
  DNS     answered by the cluster
`,
    );
    assert.equal(
      text('example.com'),
      `example.com stays on this machine
  rule    none: outside the cluster's ranges and names
  DNS     answered by this machine
`,
    );
  });

  it('a remote name outside the ranges', () => {
    assert.equal(
      text(
        'tcp://rds.example:5432',
        { remote: ['rds.example'] },
        { answer: { by: 'cluster', addresses: ['198.51.100.7'] } },
      ),
      `rds.example:5432/tcp goes to the cluster
  rule    feature.network.outgoing.filter.remote[0] = "rds.example"
  DNS     answered by the cluster (198.51.100.7)
`,
    );
  });

  it('a name that does not exist, and where a service of its name is', () => {
    const answer = { by: 'cluster', addresses: [], failure: 'NXDOMAIN' } as const;
    const elsewhere = [{ service: 'payments', namespace: 'shop', use: 'payments.shop.svc' }];
    assert.equal(
      text('payments:8080', {}, { answer, elsewhere }),
      `payments:8080/tcp does not exist
  instead A service "payments" is in namespace shop: use payments.shop.svc
  rule    none: a name of the cluster
  DNS     answered by the cluster (NXDOMAIN)
`,
    );
  });

  it('a service that many namespaces have', () => {
    const answer = { by: 'cluster', addresses: [], failure: 'NXDOMAIN' } as const;
    const elsewhere = Array.from({ length: 30 }, (_, i) => ({ service: 'db', namespace: `n${i}`, use: `db.n${i}` }));
    const lines = text('db', {}, { answer, elsewhere }).split('\n').slice(1, 8);
    assert.equal(lines[4], '  instead A service "db" is in namespace n4: use db.n4');
    assert.equal(lines[5], '  instead (and in 25 other namespaces)');
    assert.match(lines[6] ?? '', /^ {2}rule/);
  });

  it('a name without an answer, which may exist', () => {
    const answer = { by: 'cluster', addresses: [], failure: 'SERVFAIL' } as const;
    assert.match(text('payments', {}, { answer }), /^payments goes to the cluster\n/);
  });

  it('what only some ports do', () => {
    assert.equal(
      text('db', { local: ['db:5432', 'udp://:53'] }),
      `db goes to the cluster
  rule    none: a name of the cluster
  DNS     answered by the cluster
  note    port 5432 stays on this machine (feature.network.outgoing.filter.local[0] = "db:5432")
  note    UDP port 53 stays on this machine (feature.network.outgoing.filter.local[1] = "udp://:53")
`,
    );
  });

  it('a fixed answer, and one that failed', () => {
    assert.match(
      text('db', { hosts: { 'db.default': ['127.0.0.1'] } }),
      /DNS {5}answered by the configuration \(127\.0\.0\.1, feature\.network\.dns\.hosts\)/,
    );
    assert.match(
      text('db', { local: ['db'] }, { answer: { by: 'machine', addresses: [], failure: 'NXDOMAIN' } }),
      /DNS {5}answered by this machine \(NXDOMAIN\)/,
    );
  });

  it('addresses', () => {
    assert.equal(
      text('10.96.0.9'),
      "10.96.0.9 goes to the cluster\n  rule    none: in the cluster's range 10.96.0.0/16\n",
    );
    assert.equal(
      text('udp://[fd00:96::9]:53'),
      "[fd00:96::9]:53/udp goes to the cluster\n  rule    none: in the cluster's range fd00:96::/112\n",
    );
    assert.match(
      text('203.0.113.5:443'),
      /stays on this machine\n {2}rule {4}none: 203\.0\.113\.5\/32 is never captured/,
    );
    assert.match(text('10.96.0.9', { tcp: false, udp: false }), /feature\.network\.outgoing\.tcp is off/);
    assert.match(text('10.96.0.9', { exclude: ['10.96.0.0/24'] }), /routes\.exclude\[0\] = "10\.96\.0\.0\/24"/);
    assert.match(
      text('10.96.0.9', { remote: ['db'] }),
      /none: feature\.network\.outgoing\.filter\.remote does not list it/,
    );
  });

  it('an address that two names share', () => {
    const filter = scoped({ remote: ['a.example'] });
    const routes = new NameRoutes(filter);
    routes.answered(nameForms('b.example', NAMES), ['198.51.100.1'], 60, 0);
    routes.answered(nameForms('a.example', NAMES), ['198.51.100.1'], 60, 1);
    const context = { names: NAMES, holders: routes.holders('198.51.100.1') };
    assert.equal(
      formatExplanation(explain(parseDestination('198.51.100.1'), filter, context)),
      `198.51.100.1 goes to the cluster
  rule    feature.network.outgoing.filter.remote[0] = "a.example"
  note    198.51.100.1 is also b.example; it follows a.example, the last name that was looked up
`,
    );
  });

  it('an address of one host, asked for in several forms', () => {
    const filter = scoped({ local: ['db'] });
    const routes = new NameRoutes(filter);
    for (const name of ['db.default.svc.cluster.local', 'web', 'db', 'db.default'])
      routes.answered(nameForms(name, NAMES), ['10.96.0.9'], 60, 0);
    const context = { names: NAMES, holders: routes.holders('10.96.0.9') };
    const { notes } = explain(parseDestination('10.96.0.9'), filter, context);
    assert.deepEqual(notes, ['10.96.0.9 is also web; it follows db.default, the last name that was looked up']);
  });

  it('does not say again in a note what decides', () => {
    const { notes, rule } = explain(parseDestination('udp://web'), scoped({ local: ['udp://web', ':53'] }), {
      names: NAMES,
    });
    assert.equal(rule?.value, 'udp://web');
    assert.deepEqual(notes, ['port 53 stays on this machine (feature.network.outgoing.filter.local[1] = ":53")']);
  });

  it('under scope all, what bound programs get by UDP', () => {
    const notes = (destination: string): readonly string[] =>
      explain(parseDestination(destination), scoped({ scope: 'all' }), { names: NAMES }).notes;
    const said = /^a UDP program that binds to an address of this machine bypasses the session/;
    assert.match(notes('198.51.100.1').join(), said);
    assert.match(notes('udp://198.51.100.1').join(), said);
    assert.deepEqual([notes('tcp://198.51.100.1'), notes('10.96.0.9')], [[], []]);
  });

  it('a name that nobody sees asked for goes by its address', () => {
    const filter = scoped({ dnsEnabled: false, remote: ['db.example', '198.51.100.2'] });
    const said = (address: string): string => {
      const answer = { by: 'machine', addresses: [address] } as const;
      return formatExplanation(explain(parseDestination('db.example'), filter, { names: NAMES, answer }));
    };
    assert.equal(
      said('198.51.100.1'),
      `db.example stays on this machine
  rule    none: feature.network.outgoing.filter.remote does not list it
  DNS     answered by this machine (198.51.100.1)
  note    feature.network.dns is off, so the address decides, not feature.network.outgoing.filter.remote[0] = "db.example"
`,
    );
    assert.match(
      said('198.51.100.2'),
      /goes to the cluster\n {2}rule {4}feature\.network\.outgoing\.filter\.remote\[1\]/,
    );
  });

  it('as JSON', () => {
    const answer = { by: 'machine', addresses: ['127.0.0.1'], source: '/etc/hosts' } as const;
    assert.deepEqual(
      explain(parseDestination('db:5432'), scoped({ local: ['db'] }), { names: NAMES, answer, route: 'lo' }),
      {
        destination: 'db:5432/tcp',
        side: 'local',
        reason: 'filter',
        range: null,
        rule: { key: 'feature.network.outgoing.filter.local[0]', value: 'db' },
        dns: {
          by: 'machine',
          addresses: ['127.0.0.1'],
          source: '/etc/hosts',
          failure: null,
          rule: { key: 'feature.network.outgoing.filter.local[0]', value: 'db' },
        },
        elsewhere: [],
        route: 'lo',
        notes: [],
      },
    );
  });

  for (const [given, expected] of [
    ['HOST.Example.', 'host.example'],
    ['host:80', 'host:80/tcp'],
    ['udp://host:80', 'host:80/udp'],
    ['tcp://host', 'host/tcp'],
    ['::1', '::1'],
    ['[::1]:80', '[::1]:80/tcp'],
    ['1.2.3.4', '1.2.3.4'],
    ['http://payments', 'payments:80/tcp'],
    ['https://payments.shop/path?query#part', 'payments.shop:443/tcp'],
    ['http://user:secret@payments.shop:8080/', 'payments.shop:8080/tcp'],
    ['postgres://user:secret@db.prod:5432/orders', 'db.prod:5432/tcp'],
    ['redis://cache', 'cache/tcp'],
    ['http://[fd00::1]:8080/', '[fd00::1]:8080/tcp'],
    ['https://10.96.0.1', '10.96.0.1:443/tcp'],
    ['svc/payments', 'payments'],
    ['service/payments:8080', 'payments:8080/tcp'],
    ['services/payments.shop', 'payments.shop'],
  ] as const) {
    it(`reads ${given} as ${expected}`, () => assert.equal(formatDestination(parseDestination(given)), expected));
  }

  for (const given of [
    '',
    '10.0.0.0/8',
    '10.0.0.1/32',
    '*.x',
    ':80',
    'tcp://',
    '0.0.0.0:80',
    'a b',
    'file:///etc/passwd',
    'http://',
    'svc/',
    'pod/x',
    'x:0',
  ]) {
    it(`refuses ${JSON.stringify(given)}`, () => {
      assert.throws(() => parseDestination(given), { code: 'destination-invalid', failure: 'usage' });
    });
  }
});
