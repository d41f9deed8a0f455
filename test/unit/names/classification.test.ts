import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { classify, type NameKind } from '../../../src/names/classify.ts';
import { isReverseOf, reverseZones } from '../../../src/names/reverse.ts';
import { clusterNames } from '../../../src/names/cluster-names.ts';
import { NAMES as KNOWN } from '../support/dns.ts';

const NAMES = clusterNames(KNOWN);

describe('classification of names', () => {
  const rows: readonly (readonly [string, NameKind])[] = [
    ['', 'outside'],
    ['localhost', 'localhost'],
    ['web.localhost', 'localhost'],
    ['notlocalhost', 'short'],
    ['cluster.local', 'inside'],
    ['db.default.svc.cluster.local', 'inside'],
    ['anything.cluster.local', 'inside'],
    ['mycluster.local', 'outside'],
    ['local', 'outside'],
    ['printer.local', 'outside'],
    ['_ipp._tcp.local', 'outside'],
    ['svc', 'service'],
    ['db.prod.svc', 'service'],
    ['example-hostname.svc', 'service'],
    ['_http._tcp.web.prod.svc', 'service'],
    ['web.notsvc', 'outside'],
    ['db.prod', 'short'],
    ['db-0.db.prod', 'short'],
    ['_pg._tcp.db.prod', 'short'],
    ['prod', 'short'],
    ['web.dev', 'outside'],
    ['web.dev.svc', 'service'],
    ['dev', 'short'],
    ['db.nowhere', 'outside'],
    ['db', 'short'],
    ['_http._tcp.db', 'short'],
    ['_http._tcp', 'outside'],
    ['payment-service.corp.example', 'outside'],
    ['example.com', 'outside'],
    ['_dmarc.example.com', 'outside'],
    ['db.default.svc.cluster.local.corp.example', 'outside'],
    ['10.0.96.10.in-addr.arpa', 'inside'],
    ['96.10.in-addr.arpa', 'inside'],
    ['111.10.in-addr.arpa', 'inside'],
    ['112.10.in-addr.arpa', 'outside'],
    ['10.in-addr.arpa', 'outside'],
    ['in-addr.arpa', 'outside'],
    ['5.0.244.10.in-addr.arpa', 'inside'],
    ['5.1.244.10.in-addr.arpa', 'outside'],
    ['b._dns-sd._udp.0.0.244.10.in-addr.arpa', 'inside'],
    ['1.1.1.1.in-addr.arpa', 'outside'],
    ['300.0.244.10.in-addr.arpa', 'inside'],
    ['a.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.9.0.0.0.1.0.0.0.0.d.f.ip6.arpa', 'inside'],
    ['0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.9.0.0.0.1.0.0.0.0.d.f.ip6.arpa', 'inside'],
    ['0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.9.0.0.0.1.0.0.0.0.d.f.ip6.arpa', 'outside'],
    ['7.9.0.0.0.1.0.0.0.0.d.f.ip6.arpa', 'outside'],
    ['d.f.ip6.arpa', 'outside'],
    ['resolver.arpa', 'outside'],
    ['_dns.resolver.arpa', 'outside'],
  ];
  for (const [name, kind] of rows) {
    it(`${name === '' ? '(the root)' : name} is ${kind}`, () => assert.equal(classify(name, NAMES), kind));
  }

  it('takes any cluster domain, also one without .local', () => {
    const names = clusterNames({ ...KNOWN, clusterDomain: 'k8s.corp.example', zones: ['k8s.corp.example'] });
    assert.equal(classify('db.default.svc.k8s.corp.example', names), 'inside');
    assert.equal(classify('www.corp.example', names), 'outside');
    assert.equal(classify('db.default.svc.cluster.local', names), 'outside');
  });

  it("calls nothing public the cluster's unless its last label is a namespace", () => {
    const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?$/);
    fc.assert(
      fc.property(
        fc.array(label, { minLength: 1, maxLength: 5 }),
        fc.constantFrom('com', 'net', 'io'),
        (labels, tld) => {
          assert.equal(classify(`${labels.join('.')}.${tld}`, NAMES), 'outside');
        },
      ),
    );
  });
});

describe('reverse zones of a range', () => {
  const rows: readonly (readonly [string, readonly string[]])[] = [
    ['10.244.0.0/16', ['244.10.in-addr.arpa']],
    ['10.244.1.0/24', ['1.244.10.in-addr.arpa']],
    ['10.0.0.4/32', ['4.0.0.10.in-addr.arpa']],
    ['10.96.0.0/14', ['96.10.in-addr.arpa', '97.10.in-addr.arpa', '98.10.in-addr.arpa', '99.10.in-addr.arpa']],
    ['fd00::/8', ['d.f.ip6.arpa']],
    ['fd00:10:96::/47', ['6.9.0.0.0.1.0.0.0.0.d.f.ip6.arpa', '7.9.0.0.0.1.0.0.0.0.d.f.ip6.arpa']],
    ['0.0.0.0/0', ['in-addr.arpa']],
  ];
  for (const [range, zones] of rows) it(range, () => assert.deepEqual(reverseZones(range), zones));

  it('are all of the range, and no zone above one is', () => {
    const range = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255), fc.integer({ min: 1, max: 32 }));
    fc.assert(
      fc.property(range, ([a, b, c, d, length]) => {
        const cidr = `${a}.${b}.${c}.${d}/${length}`;
        for (const zone of reverseZones(cidr)) {
          assert.ok(isReverseOf(zone, [cidr]), zone);
          assert.ok(!isReverseOf(zone.replace(/^[^.]+\./, ''), [cidr]) || length <= 8 * (zone.split('.').length - 3));
        }
      }),
    );
  });
});
