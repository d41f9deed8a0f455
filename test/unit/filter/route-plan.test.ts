import assert from 'node:assert/strict';
import fc from 'fast-check';
import { routePlan, type RoutePlan, type ScopedFilter } from '../../../src/filter/index.ts';
import { formatAddress, parseAddress, parseCidr, cidrContains, type AddressBytes } from '../../../src/net/index.ts';
import { CLUSTER, ranges, scoped, type NetworkInput } from '../support/filter.ts';

const BASE = ['10.96.0.0/16', '10.244.0.0/16', 'fd00:96::/112'];

function plan(input: NetworkInput, scope = CLUSTER): RoutePlan {
  return routePlan(scoped(input, scope));
}

function ruleTexts({ rules }: RoutePlan): string[] {
  return rules.map(({ side, destination, protocol, port }) =>
    [side, destination, protocol, port].filter((part) => part !== undefined).join(' '),
  );
}

describe('the route plan', () => {
  it('routes the ranges', () => {
    assert.deepEqual(plan({}), { routes: BASE, pins: [], rules: [], unreachable: [], farRanges: [] });
  });

  it('pins a local address or subnet inside a range, and leaves others alone', () => {
    const { routes, pins, rules } = plan({ local: ['10.96.0.9', '10.244.3.0/24', '8.8.8.8', 'db', '[fd00:96::5]'] });
    assert.deepEqual(
      { routes, pins, rules },
      { routes: BASE, pins: ['10.244.3.0/24', '10.96.0.9/32', 'fd00:96::5/128'], rules: [] },
    );
  });

  it('drops a range that a local subnet holds', () => {
    assert.deepEqual(plan({ local: ['10.0.0.0/8'] }).routes, ['fd00:96::/112']);
    assert.deepEqual(plan({ local: ['10.96.0.0/16'] }).pins, []);
  });

  it('makes rules for ports and protocols, where they touch a range', () => {
    const made = plan({
      local: [':53', 'tcp://10.96.0.9', '10.0.0.0/8:80', 'udp://8.8.8.8:53', 'tcp://[fd00:96::5]:1'],
    });
    assert.deepEqual(ruleTexts(made), [
      'local 0.0.0.0/0 tcp 53',
      'local 0.0.0.0/0 udp 53',
      'local ::/0 tcp 53',
      'local ::/0 udp 53',
      'local 10.96.0.9/32 tcp',
      'local 10.0.0.0/8 tcp 80',
      'local 10.0.0.0/8 udp 80',
      'local fd00:96::5/128 tcp 1',
    ]);
    assert.deepEqual(made.pins, []);
  });

  it('keeps a protocol that is off out by rule', () => {
    assert.deepEqual(ruleTexts(plan({ udp: false })), ['local 0.0.0.0/0 udp', 'local ::/0 udp']);
    assert.deepEqual(plan({ udp: false, local: ['tcp://10.96.0.9'] }).pins, ['10.96.0.9/32']);
    assert.deepEqual(plan({ tcp: false, udp: false }), {
      routes: [],
      pins: [],
      rules: [],
      unreachable: [],
      farRanges: [],
    });
  });

  it('routes only what is listed under remote', () => {
    const made = plan({
      remote: ['192.0.2.0/24', 'db', 'tcp://198.51.100.0/24', '192.0.2.8:80'],
      exclude: ['192.0.2.128/25'],
    });
    assert.deepEqual(made.routes, ['192.0.2.0/24']);
    assert.deepEqual(made.pins, ['192.0.2.128/25']);
    assert.deepEqual(ruleTexts(made), [
      'remote 192.0.2.8/32 tcp 80',
      'remote 192.0.2.8/32 udp 80',
      'remote 198.51.100.0/24 tcp',
    ]);
  });

  it('guards what a remote rule would swallow, the more specific rule first', () => {
    const made = plan({ remote: [':443', '10.1.0.0/16'], exclude: ['10.0.0.0/8'], ipv6: false });
    assert.deepEqual(ruleTexts(made), [
      'local 203.0.113.5/32',
      'local 169.254.0.0/16',
      'remote 10.1.0.0/16',
      'local 10.0.0.0/8',
      'local 224.0.0.0/4',
      'remote 0.0.0.0/0 tcp 443',
      'remote 0.0.0.0/0 udp 443',
    ]);
  });

  it('nests includes and excludes', () => {
    const made = plan({
      include: ['192.168.0.0/16', '10.96.5.9/32'],
      exclude: ['10.96.5.0/24', '192.168.7.0/24', '172.16.0.0/12'],
    });
    assert.deepEqual(made.routes, ['10.96.0.0/16', '10.244.0.0/16', '192.168.0.0/16', '10.96.5.9/32', 'fd00:96::/112']);
    assert.deepEqual(made.pins, ['10.96.5.0/24', '192.168.7.0/24']);
  });

  it('routes everything in halves and pins what is never captured', () => {
    const made = plan({ scope: 'all' });
    assert.deepEqual(made.routes, ['0.0.0.0/1', '128.0.0.0/1', '::/1', '8000::/1']);
    assert.deepEqual(made.pins, ['224.0.0.0/4', '169.254.0.0/16', '203.0.113.5/32']);
    assert.deepEqual(made.unreachable, []);
    assert.deepEqual(made.farRanges, BASE);
    const narrowed = plan({ scope: 'all', include: ['192.168.0.0/16'], exclude: ['10.96.5.0/24'], ipv6: false });
    assert.deepEqual(narrowed.farRanges, ['10.96.0.0/16', '10.244.0.0/16', '192.168.0.0/16']);
  });

  it('shuts IPv6 under scope all where the cluster has none, so that nothing leaks', () => {
    const made = plan(
      { scope: 'all', local: ['[2001:db8::]/32'] },
      { ...CLUSTER, ranges: ranges('10.96.0.0/16'), ipv6: false },
    );
    assert.deepEqual(made.routes, ['0.0.0.0/1', '128.0.0.0/1']);
    assert.deepEqual(made.unreachable, ['::/1', '8000::/1']);
    assert.ok(made.pins.includes('2001:db8::/32'));
    assert.deepEqual(plan({ scope: 'all', ipv6: false }).unreachable, ['::/1', '8000::/1']);
  });

  it('leaves IPv6 alone when it is off', () => {
    assert.deepEqual(plan({ ipv6: false }).routes, ['10.96.0.0/16', '10.244.0.0/16']);
  });

  it('does for an address what the decision says', () => {
    const entry = fc.constantFrom(
      '10.96.0.0/24',
      '10.96.0.1',
      '10.96.0.1:80',
      'tcp://10.0.0.0/8',
      ':80',
      'udp://:53',
      'tcp://',
      '192.0.2.0/24',
      '192.0.2.1:80',
      '0.0.0.0:443',
      '10.96.0.0/16:80',
      'any://',
    );
    const range = fc.constantFrom('10.96.0.0/17', '192.0.2.0/25', '10.96.0.1/32', '172.16.0.0/12', '10.0.0.0/8');
    const input = fc.record({
      side: fc.constantFrom('local' as const, 'remote' as const, 'none' as const),
      entries: fc.uniqueArray(entry, { minLength: 1, maxLength: 5 }),
      include: fc.uniqueArray(range, { maxLength: 2 }),
      exclude: fc.uniqueArray(range, { maxLength: 2 }),
      scope: fc.constantFrom('cluster' as const, 'all' as const),
      tcp: fc.boolean(),
      udp: fc.boolean(),
    });
    const address = fc.constantFrom(
      '10.96.0.1',
      '10.96.0.2',
      '10.96.200.1',
      '10.244.0.1',
      '192.0.2.1',
      '192.0.2.200',
      '8.8.8.8',
      '203.0.113.5',
      '10.5.5.5',
      '172.16.9.9',
    );
    fc.assert(
      fc.property(
        input,
        address,
        fc.constantFrom(80, 53, 443, 9),
        fc.constantFrom('tcp' as const, 'udp' as const),
        (made, text, port, protocol) => {
          const exclude = made.exclude.filter((one) => !made.include.includes(one));
          const lists = made.side === 'none' ? {} : { [made.side]: made.entries };
          const filter = scoped({
            ...lists,
            include: made.include,
            exclude,
            scope: made.scope,
            tcp: made.tcp,
            udp: made.udp,
          });
          const destination = parseAddress(text)!;
          const { side } = filter.decide({ names: [], address: destination, port, protocol });
          assert.equal(kernel(filter, destination, port, protocol), side, `${text} ${port}/${protocol}`);
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('takes 10,000 subnets in time', () => {
    const local = Array.from({ length: 10_000 }, (_, i) => `10.96.${i >> 8}.${i & 255}${i % 2 === 0 ? '' : ':80'}`);
    const started = performance.now();
    const made = plan({ local });
    const took = performance.now() - started;
    assert.equal(made.pins.length, 5000);
    assert.equal(made.rules.length, 10_000); // TCP and UDP
    assert.ok(took < 1000, `${took} ms`);
  });
});

/** What the kernel does with a plan: rules in their order, then the most specific of routes and pins. */
function kernel(
  filter: ScopedFilter,
  address: AddressBytes,
  port: number,
  protocol: 'tcp' | 'udp',
): 'local' | 'cluster' {
  const made = routePlan(filter);
  const holds = (range: string): boolean => cidrContains(parseCidr(range)!, address);
  const rule = made.rules.find(
    (one) => holds(one.destination) && (one.port ?? port) === port && (one.protocol ?? protocol) === protocol,
  );
  if (rule !== undefined) return rule.side === 'remote' ? 'cluster' : 'local';
  const found = [
    ...made.routes.map((range) => ({ range, side: 'cluster' as const })),
    ...made.pins.map((range) => ({ range, side: 'local' as const })),
  ]
    .filter(({ range }) => holds(range))
    .sort((a, b) => parseCidr(b.range)!.prefix - parseCidr(a.range)!.prefix);
  assert.ok(formatAddress(address).length > 0);
  return found[0]?.side ?? 'local';
}
