import assert from 'node:assert/strict';
import { NameRoutes, nameRules, type NameChange, type NameState } from '../../../src/filter/index.ts';
import { nameForms } from '../../../src/names/forms.ts';
import { parseAddress } from '../../../src/net/index.ts';
import { CLUSTER, NAMES, ranges, scoped, type NetworkInput } from '../support/filter.ts';

const HOUR = 3_600_000;
const EMPTY: NameState = { routes: [], pins: [], rules: [] };

class Session {
  readonly routes: NameRoutes;

  constructor(input: NetworkInput) {
    this.routes = new NameRoutes(scoped(input));
  }

  answer(name: string, addresses: readonly string[], ttl: number, now: number): NameChange {
    return this.routes.answered(nameForms(name, NAMES), addresses, ttl, now);
  }
}

describe('addresses of names', () => {
  it('a remote name outside the ranges is routed, every address of it', () => {
    const session = new Session({ remote: ['rds.example'] });
    const change = session.answer('RDS.example.', ['198.51.100.7', '198.51.100.8', '2001:db8::7'], 60, 0);
    assert.deepEqual(change.added.routes, ['198.51.100.7/32', '198.51.100.8/32', '2001:db8::7/128']);
    assert.equal(change.changed, true);
    assert.deepEqual(session.answer('rds.example', ['198.51.100.7'], 60, 1000), {
      changed: false,
      added: EMPTY,
      removed: EMPTY,
      warnings: [],
    });
  });

  it('what stands in a file holds without being asked, until it stands there no more', () => {
    const { routes } = new Session({ remote: ['rds.example', 'cdn.example'] });
    const names = ['rds.example'];
    assert.deepEqual(routes.standing([{ names, addresses: ['198.51.100.7'] }], 0).added.routes, ['198.51.100.7/32']);
    assert.equal(routes.nextExpiry(0), null);
    assert.equal(routes.expire(1e12).changed, false);
    // Another name on that address decides once it is asked for.
    assert.deepEqual(routes.answered(['plain.example'], ['198.51.100.7'], 60, 1_000).removed.routes, [
      '198.51.100.7/32',
    ]);
    assert.deepEqual(routes.expire(2 * HOUR).added.routes, ['198.51.100.7/32']);
    assert.equal(routes.standing([{ names, addresses: ['198.51.100.8'] }], 3 * HOUR).changed, true);
    assert.equal(routes.nextExpiry(3 * HOUR), 3 * HOUR);
    assert.deepEqual(routes.expire(3 * HOUR).removed.routes, ['198.51.100.7/32']);
    assert.deepEqual(routes.state().routes, ['198.51.100.8/32']);
  });

  it('a name with a port routes only that port', () => {
    const session = new Session({ remote: ['db.example:5432', 'udp://db.example:53'] });
    const { added } = session.answer('db.example', ['198.51.100.7'], 60, 0);
    assert.deepEqual(added, {
      ...EMPTY,
      rules: [
        { destination: '198.51.100.7/32', protocol: 'tcp', port: 5432, side: 'remote' },
        { destination: '198.51.100.7/32', protocol: 'udp', port: 5432, side: 'remote' },
        { destination: '198.51.100.7/32', protocol: 'udp', port: 53, side: 'remote' },
      ],
    });
  });

  it('a protocol that is off is not routed with the name', () => {
    const session = new Session({ udp: false, remote: ['rds.example', 'db.example:53'] });
    const { added } = session.answer('rds.example', ['198.51.100.7'], 60, 0);
    assert.deepEqual(added, { ...EMPTY, rules: [{ destination: '198.51.100.7/32', protocol: 'tcp', side: 'remote' }] });
    const other = session.answer('db.example', ['198.51.100.8'], 60, 0);
    assert.deepEqual(other.added.rules, [
      { destination: '198.51.100.8/32', protocol: 'tcp', port: 53, side: 'remote' },
    ]);
  });

  it('a name goes before the plan’s own rules, as a rule where there are such', () => {
    const filter = scoped({ remote: ['rds.example', ':443'], exclude: ['198.51.100.0/24'] });
    const rules = filter.filter.rulesFor(['rds.example']);
    assert.deepEqual(nameRules(filter, rules, [parseAddress('198.51.100.7')!]), {
      routes: [],
      pins: [],
      rules: [{ destination: '198.51.100.7/32', side: 'remote' }],
    });
  });

  it('a local name is pinned only inside a routed range', () => {
    const session = new Session({ local: ['db', 'web:80'] });
    assert.deepEqual(session.answer('db', ['10.96.0.9', '127.0.0.1', '192.168.1.1'], 60, 0).added, {
      ...EMPTY,
      pins: ['10.96.0.9/32'],
    });
    assert.deepEqual(session.answer('web.default', ['10.96.0.10'], 60, 0).added.rules, [
      { destination: '10.96.0.10/32', protocol: 'tcp', port: 80, side: 'local' },
      { destination: '10.96.0.10/32', protocol: 'udp', port: 80, side: 'local' },
    ]);
  });

  it('names without a rule need nothing', () => {
    const session = new Session({ local: ['db'] });
    assert.equal(session.answer('web', ['10.96.0.9'], 60, 0).changed, false);
    assert.equal(new Session({}).answer('web', ['198.51.100.1'], 60, 0).changed, false);
  });

  it('are never those that are never captured', () => {
    const session = new Session({ remote: ['*.example'] });
    assert.deepEqual(
      session.answer('api.example', ['203.0.113.5', '127.0.0.1', '::1', '224.0.0.1'], 60, 0).added,
      EMPTY,
    );
  });

  it('stay decided for an hour, however short the TTL is, and as long as a longer one says', () => {
    const session = new Session({ remote: ['a.example', 'b.example'] });
    session.answer('a.example', ['198.51.100.1'], 0, 0);
    session.answer('b.example', ['198.51.100.2'], 7_200, 0);
    assert.equal(session.routes.nextExpiry(0), HOUR);
    assert.equal(session.routes.expire(HOUR - 1).changed, false);
    assert.deepEqual(session.routes.expire(HOUR).removed.routes, ['198.51.100.1/32']);
    assert.deepEqual(session.routes.state().routes, ['198.51.100.2/32']);
    assert.deepEqual(session.routes.expire(2 * HOUR).removed.routes, ['198.51.100.2/32']);
    assert.equal(session.routes.nextExpiry(2 * HOUR), null);
  });

  it('stay here for an hour, too: flows that stay on the machine are not seen', () => {
    const session = new Session({ local: ['db'] });
    session.answer('db', ['10.96.0.9'], 5, 0);
    assert.equal(session.routes.expire(HOUR - 1).changed, false);
    assert.deepEqual(session.routes.expire(HOUR).removed.pins, ['10.96.0.9/32']);
  });

  it('stay decided while a flow is open and for an hour after, also when the answer changes', () => {
    const session = new Session({ remote: ['a.example'] });
    session.answer('a.example', ['198.51.100.1'], 5, 0);
    session.routes.flowOpened('198.51.100.1');
    session.answer('a.example', ['198.51.100.2'], 5, 10_000);
    assert.deepEqual(session.routes.expire(5 * HOUR).removed.routes, ['198.51.100.2/32']);
    assert.equal(session.routes.nextExpiry(5 * HOUR), 5 * HOUR + 60_000);
    session.routes.flowClosed('198.51.100.1', 5 * HOUR);
    assert.equal(session.routes.expire(6 * HOUR - 1).changed, false);
    assert.deepEqual(session.routes.expire(6 * HOUR).removed.routes, ['198.51.100.1/32']);
  });

  it('follow another name that they were given to, and for as long', () => {
    const session = new Session({ remote: ['a.example', 'b.example:443'] });
    session.answer('a.example', ['198.51.100.1'], 5, 0);
    session.answer('plain.example', ['198.51.100.1'], 5, HOUR / 2);
    assert.deepEqual(session.routes.state(), EMPTY);
    assert.equal(session.routes.expire(HOUR).changed, false, 'it is not given back to a.example');
    session.answer('b.example', ['198.51.100.1'], 5, HOUR);
    assert.equal(session.routes.state().rules.length, 2);
    session.routes.expire(2 * HOUR - 1);
    assert.equal(session.routes.state().rules.length, 2);
  });

  it('two names on one address: the one asked last decides, and a warning names both, once', () => {
    const session = new Session({ remote: ['a.example'] });
    session.answer('a.example', ['198.51.100.1'], 300, 0);
    const second = session.answer('b.example', ['198.51.100.1'], 300, 1000);
    assert.deepEqual(second.removed.routes, ['198.51.100.1/32']);
    assert.equal(second.warnings.length, 1);
    assert.match(
      second.warnings[0],
      /a\.example \(feature\.network\.outgoing\.filter\.remote\[0\]\) and b\.example \(no rule\) share 198\.51\.100\.1/,
    );
    const third = session.answer('a.example', ['198.51.100.1'], 300, 2000);
    assert.deepEqual([third.added.routes, third.warnings], [['198.51.100.1/32'], []]);
    assert.deepEqual(
      session.routes.holders('198.51.100.1').map(({ name }) => name),
      ['a.example', 'b.example'],
    );
  });

  it('go back to the other name when the last one is over', () => {
    const session = new Session({ local: ['a.prod'] });
    session.answer('a.prod', ['10.96.0.1'], 7_200, 0);
    session.answer('b.prod', ['10.96.0.1'], 60, 1000);
    assert.deepEqual(session.routes.state(), EMPTY);
    assert.deepEqual(session.routes.expire(HOUR + 1000).added.pins, ['10.96.0.1/32']);
  });

  it('follow the ranges when these change', () => {
    const session = new Session({ remote: ['a.example'] });
    session.answer('a.example', ['198.51.100.1'], 300, 0);
    const wider = scoped({ remote: ['a.example', '198.51.100.0/24'] }, { ...CLUSTER, ranges: ranges('10.96.0.0/16') });
    assert.deepEqual(session.routes.rescope(wider).removed.routes, ['198.51.100.1/32']);
  });

  it('stay bounded', () => {
    const session = new Session({ remote: ['*.example'] });
    for (let i = 0; i < 20_000; i++)
      session.answer(`h${i}.example`, [`198.${51 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`], 300, i);
    assert.equal(session.routes.state().routes.length, 16_384);
  });

  it('are given up oldest first, what is in use and what no entry decides aside', () => {
    const session = new Session({ remote: ['*.example', 'db.test:5432'] });
    const address = (i: number): string => `198.${51 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`;
    const fill = (from: number, to: number, domain: string): void => {
      for (let i = from; i < to; i++) session.answer(`h${i}.${domain}`, [address(i)], 300, i);
    };
    fill(0, 3, 'example');
    // A program that resolves much costs those names nothing that an entry decides.
    fill(3, 20_000, 'test');
    assert.equal(session.routes.state().routes.length, 3);
    session.routes.flowOpened(address(0));
    session.routes.flowOpened(address(1));
    session.routes.flowClosed(address(1), 50_000);
    fill(20_000, 20_000 + 16_382, 'example');
    const { routes } = session.routes.state();
    assert.deepEqual(
      [0, 1, 2].map((i) => routes.includes(`${address(i)}/32`)),
      [true, true, false],
    );
  });

  it('ask no more rules of the kernel than it goes through quickly', () => {
    const session = new Session({ remote: ['*.example:443'] });
    for (let i = 0; i < 5_000; i++) session.answer(`h${i}.example`, [`198.51.${i >> 8}.${i & 255}`], 0, i);
    const { rules } = session.routes.state();
    assert.equal(rules.length, 4_096);
    assert.equal(rules.at(-1)?.destination, '198.51.19.135/32');
  });

  it('remember the last names of thousands on one address', () => {
    const session = new Session({ remote: ['*.example'] });
    for (let i = 0; i < 5_000; i++) session.answer(`h${i}.example`, ['198.51.100.1'], 0, i);
    const names = session.routes.holders('198.51.100.1').map(({ name }) => name);
    assert.deepEqual([names.length, names[0]], [16, 'h4999.example']);
    assert.equal(session.routes.expire(HOUR + 4_998).changed, false);
    assert.equal(session.routes.expire(HOUR + 4_999).changed, true);
  });

  it('need no state for one answer', () => {
    const filter = scoped({ remote: ['a.example:80'] });
    const rules = filter.filter.rulesFor(['a.example']);
    assert.deepEqual(nameRules(filter, rules, [parseAddress('198.51.100.1')!]).rules, [
      { destination: '198.51.100.1/32', protocol: 'tcp', port: 80, side: 'remote' },
      { destination: '198.51.100.1/32', protocol: 'udp', port: 80, side: 'remote' },
    ]);
  });
});
