import assert from 'node:assert/strict';
import fc from 'fast-check';
import { formatRule, type Protocol, type ScopedFilter } from '../../../src/filter/index.ts';
import { isClusterName } from '../../../src/names/classify.ts';
import { nameForms } from '../../../src/names/forms.ts';
import { parseAddress } from '../../../src/net/index.ts';
import { CLUSTER, NAMES, scoped, type NetworkInput } from '../support/filter.ts';

/** `name`, `name@address:port/proto`, `address`, ... */
function decide(filter: ScopedFilter, text: string): string {
  const [, name, address, port, protocol] = /^([^@/]*?)(?:@([^/]*?))?(?:#(\d+))?(?:\/(tcp|udp))?$/.exec(text)!;
  const decision = filter.decide(
    {
      names: name === '' || name === undefined ? [] : nameForms(name, NAMES),
      address: address === undefined ? null : parseAddress(address),
      port: port === undefined ? null : Number(port),
      protocol: (protocol ?? null) as Protocol | null,
    },
    name !== undefined && name !== '' && isClusterName(name, NAMES),
  );
  return `${decision.side} ${decision.reason}${decision.rule === null ? '' : ` ${formatRule(decision.rule)}`}`;
}

const LOCAL = 'feature.network.outgoing.filter.local';
const REMOTE = 'feature.network.outgoing.filter.remote';
const ROUTES = 'feature.network.outgoing.routes';

const TABLE: readonly (readonly [string, NetworkInput, readonly (readonly [string, string])[]])[] = [
  [
    'without a filter the scope decides',
    {},
    [
      ['@10.96.0.1#443/tcp', 'cluster cluster-range'],
      ['@10.97.0.1', 'local out-of-scope'],
      ['@fd00:96::1', 'cluster cluster-range'],
      ['db', 'cluster cluster-name'],
      ['db.prod', 'cluster cluster-name'],
      ['example.com', 'local out-of-scope'],
      ['localhost', 'local loopback'],
      ['@127.0.0.1', 'local loopback'],
      ['@203.0.113.5#443/tcp', 'local never'],
    ],
  ],
  [
    'a local name stays, in every form and case',
    { local: ['DB.default.svc.'] },
    [
      ['db', `local filter ${LOCAL}[0]`],
      ['Db.Default', `local filter ${LOCAL}[0]`],
      ['db.default.svc', `local filter ${LOCAL}[0]`],
      ['db.default.svc.cluster.local.', `local filter ${LOCAL}[0]`],
      ['db@10.96.0.9#5432/tcp', `local filter ${LOCAL}[0]`],
      ['db.prod', 'cluster cluster-name'],
      ['db2', 'cluster cluster-name'],
      ['@10.96.0.9#5432/tcp', 'cluster cluster-range'],
    ],
  ],
  [
    'a single label means the namespace that it is looked up in',
    { local: ['db'] },
    [
      ['db.default.svc.cluster.local', `local filter ${LOCAL}[0]`],
      ['db.prod', 'cluster cluster-name'],
    ],
  ],
  [
    'a name with a port keeps other ports as they were',
    { local: ['db:5432'] },
    [
      ['db@10.96.0.9#5432/tcp', `local filter ${LOCAL}[0]`],
      ['db@10.96.0.9#5433/tcp', 'cluster cluster-range'],
      ['db', 'cluster cluster-name'],
    ],
  ],
  [
    'protocols, subnets and ports match together',
    { local: ['tcp://10.96.1.0/24:80', 'udp://:53', '[fd00:96::1]'] },
    [
      ['@10.96.1.2#80/tcp', `local filter ${LOCAL}[0]`],
      ['@10.96.1.2#80/udp', 'cluster cluster-range'],
      ['@10.96.1.2#81/tcp', 'cluster cluster-range'],
      ['@10.96.2.2#80/tcp', 'cluster cluster-range'],
      ['@10.96.2.2#53/udp', `local filter ${LOCAL}[1]`],
      ['@fd00:96::1#1/tcp', `local filter ${LOCAL}[2]`],
      ['@::ffff:10.96.1.2#80/tcp', `local filter ${LOCAL}[0]`],
    ],
  ],
  [
    'a wildcard means the names below, not itself',
    { local: ['*.internal.example', '*.prod'], scope: 'all' },
    [
      ['a.internal.example', `local filter ${LOCAL}[0]`],
      ['a.b.internal.example', `local filter ${LOCAL}[0]`],
      ['internal.example', 'cluster everything'],
      ['xinternal.example', 'cluster everything'],
      ['db.prod.svc.cluster.local', `local filter ${LOCAL}[1]`],
    ],
  ],
  [
    'a wildcard for the cluster does not mean the rest of the world',
    { local: ['*.svc.cluster.local'], scope: 'all' },
    [
      ['google.com', 'cluster everything'],
      ['db', `local filter ${LOCAL}[0]`],
    ],
  ],
  [
    'the most specific rule is named',
    { local: ['any://', '10.0.0.0/8', '10.96.0.9', '10.96.0.9:80', 'tcp://10.96.0.9:80', '*.svc', 'db.default.svc'] },
    [
      ['@10.96.0.9#80/tcp', `local filter ${LOCAL}[4]`],
      ['@10.96.0.9#80/udp', `local filter ${LOCAL}[3]`],
      ['@10.96.0.9#81/tcp', `local filter ${LOCAL}[2]`],
      ['@10.1.1.1', `local filter ${LOCAL}[1]`],
      ['@1.1.1.1', `local filter ${LOCAL}[0]`],
      ['db@10.96.0.9#80/tcp', `local filter ${LOCAL}[6]`],
      ['web@10.96.0.9#80/tcp', `local filter ${LOCAL}[5]`],
    ],
  ],
  [
    'remote: what is listed goes, also outside the ranges; all else stays',
    { remote: ['rds.example', '192.0.2.0/24', ':9000', '[2001:db8::]/32'] },
    [
      ['rds.example@198.51.100.7#5432/tcp', `cluster filter ${REMOTE}[0]`],
      ['other.example@198.51.100.7#5432/tcp', 'local not-listed'],
      ['@192.0.2.9#1/udp', `cluster filter ${REMOTE}[1]`],
      ['@8.8.8.8#9000/tcp', `cluster filter ${REMOTE}[2]`],
      ['@10.96.0.1#443/tcp', 'local not-listed'],
      ['db', 'local not-listed'],
      ['@2001:db8::1', `cluster filter ${REMOTE}[3]`],
      ['@203.0.113.5#9000/tcp', 'local never'],
      ['@127.0.0.1#9000/tcp', 'local loopback'],
    ],
  ],
  [
    'any address is any address of either family',
    { remote: ['0.0.0.0'] },
    [
      ['@1.2.3.4', `cluster filter ${REMOTE}[0]`],
      ['@2001:db8::1', `cluster filter ${REMOTE}[0]`],
      ['@224.0.0.1', 'local link'],
    ],
  ],
  [
    'routes.exclude makes a hole in a wider entry of remote, not in a narrower one',
    { remote: ['10.0.0.0/8', '10.1.2.0/24'], exclude: ['10.1.0.0/16'] },
    [
      ['@10.2.0.1', `cluster filter ${REMOTE}[0]`],
      ['@10.1.0.1', `local excluded ${ROUTES}.exclude[0]`],
      ['@10.1.2.1', `cluster filter ${REMOTE}[1]`],
    ],
  ],
  [
    'include and exclude: the more specific wins, either way round',
    { include: ['192.168.0.0/16', '10.96.5.9/32'], exclude: ['10.96.5.0/24', '192.168.7.0/24'] },
    [
      ['@192.168.1.1', `cluster included ${ROUTES}.include[0]`],
      ['@192.168.7.1', `local excluded ${ROUTES}.exclude[1]`],
      ['@10.96.5.1', `local excluded ${ROUTES}.exclude[0]`],
      ['@10.96.5.9', `cluster included ${ROUTES}.include[1]`],
    ],
  ],
  [
    'a protocol that is off never goes',
    { udp: false, local: ['udp://10.96.0.1', 'tcp://db'] },
    [
      ['@10.96.0.1#53/udp', 'local protocol-off feature.network.outgoing.udp'],
      ['@10.96.0.1#53/tcp', 'cluster cluster-range'],
      ['db@10.96.0.1#53/tcp', `local filter ${LOCAL}[1]`],
    ],
  ],
  [
    'both protocols off',
    { tcp: false, udp: false },
    [['@10.96.0.1', 'local protocol-off feature.network.outgoing.tcp']],
  ],
  [
    'everything',
    { scope: 'all', exclude: ['192.168.0.0/16'] },
    [
      ['@8.8.8.8', 'cluster everything'],
      ['@2001:db8::1', 'cluster everything'],
      ['example.com', 'cluster everything'],
      ['@192.168.1.1', `local excluded ${ROUTES}.exclude[0]`],
      ['@169.254.1.1', 'local link'],
      ['@fe80::1', 'local link'],
      ['@::1', 'local loopback'],
    ],
  ],
  [
    'everything, without IPv6',
    { scope: 'all', ipv6: false, local: ['[2001:db8::1]'] },
    [
      ['@2001:db8::1', `local filter ${LOCAL}[0]`],
      ['@2001:db8::2', 'local ipv6-shut'],
      ['@fe80::1', 'local link'],
      ['@8.8.8.8', 'cluster everything'],
    ],
  ],
  [
    'IPv6 off',
    { ipv6: false },
    [
      ['@fd00:96::1', 'local ipv6-off'],
      ['@10.96.0.1', 'cluster cluster-range'],
    ],
  ],
];

describe('a decision', () => {
  for (const [title, input, rows] of TABLE) {
    describe(title, () => {
      const filter = scoped(input);
      for (const [destination, expected] of rows) {
        it(`${destination}: ${expected}`, () => assert.equal(decide(filter, destination), expected));
      }
    });
  }

  it('everything, in a cluster without IPv6', () => {
    const filter = scoped({ scope: 'all', exclude: ['2001:db8::/32'] }, { ...CLUSTER, ipv6: false });
    assert.equal(decide(filter, '@2001:db9::1'), 'local ipv6-shut');
    assert.equal(decide(filter, '@2001:db8::1'), `local excluded ${ROUTES}.exclude[0]`);
    assert.equal(decide(filter, '@8.8.8.8'), 'cluster everything');
  });

  it('never depends on the order of entries', () => {
    const entries = [
      'db',
      'tcp://db:80',
      'db.prod',
      '*.prod',
      '*.svc',
      '10.96.0.0/24',
      '10.96.0.0/16:80',
      'udp://10.96.0.1',
      ':80',
      '8.8.8.8',
      'tcp://',
    ];
    const destinations = [
      'db',
      'db.prod@10.96.0.1#80/tcp',
      '@10.96.0.1#80/udp',
      '@8.8.8.8#53/udp',
      'web.prod#80/tcp',
      '@10.96.0.7#1/tcp',
    ];
    const side = fc.constantFrom('local' as const, 'remote' as const);
    const list = fc.uniqueArray(fc.constantFrom(...entries), { minLength: 1 });
    fc.assert(
      fc.property(
        side,
        list,
        fc.constantFrom(...destinations),
        fc.infiniteStream(fc.nat()),
        (which, texts, destination, random) => {
          const shuffled = texts
            .map((text) => ({ text, at: random.next().value }))
            .sort((a, b) => a.at - b.at)
            .map(({ text }) => text);
          const results = [texts, shuffled].map((order) => {
            const result = decide(scoped({ [which]: order }), destination);
            return result.replace(/\[(\d+)\]$/, (_, index: string) => ` ${order[Number(index)]}`);
          });
          assert.equal(results[0], results[1]);
        },
      ),
    );
  });

  it('takes microseconds among 10,000 entries', () => {
    const local = Array.from(
      { length: 10_000 },
      (_, i) => [`host-${i}.example`, `10.${i >> 8}.${i & 255}.0/24`, `svc-${i}.prod:${(i % 65_000) + 1}`][i % 3],
    );
    const filter = scoped({ local });
    const started = performance.now();
    for (let i = 0; i < 10_000; i++) decide(filter, `svc-${i}.prod@10.1.2.${i & 255}#443/tcp`);
    const each = (performance.now() - started) / 10_000;
    assert.ok(each < 0.1, `${each} ms for one decision`);
  });

  it('keeps what is never captured, by name and without a filter', () => {
    assert.equal(decide(scoped({ include: ['203.0.113.0/24'] }), '@203.0.113.5'), 'local never');
    assert.equal(decide(scoped({}, { ...CLUSTER, never: [] }), '@203.0.113.5'), 'local out-of-scope');
  });
});
