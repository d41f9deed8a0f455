/**
 * `explain` says what then happens: under many filters, every destination is explained first and then connected to.
 * Which of two servers with that address and port answers is the truth, and the kernel's route has to agree as well.
 */
import assert from 'node:assert/strict';
import type { Answer } from 'dns-packet';
import type { Explanation } from '../../../src/filter/index.ts';
import { poll } from '../support/session.ts';
import { PORTS, useTwoSides, type Protocol } from '../support/two-sides.ts';

const IN = (n: number): string => `10.96.20.${n}`;
const OUT = (n: number): string => `192.0.2.${n}`;
const IN6 = 'fd00:10:96::2001';
const OUT6 = '2001:db8:5::1';
const a = (name: string, data: string): Answer => ({ type: 'A', name, data, ttl: 1 });

/** Names and the address that either side gives them. */
const SHARED: readonly (readonly [string, string])[] = [
  ['db.default.svc.cluster.local', IN(1)],
  ['web.default.svc.cluster.local', IN(2)],
  ['api.corp.example', OUT(1)],
  ['deep.api.corp.example', OUT(2)],
  ['corp.example', OUT(3)],
];
/** Names of the machine's hosts file, which programs read without asking anyone. */
const OWN: readonly (readonly [string, string])[] = [
  ['inside.hosts', IN(4)],
  ['outside.hosts', OUT(4)],
];
/** Names that lead into the cluster's range, asked of this machine's own server. */
const FOREIGN: readonly (readonly [string, string])[] = [['inside.corp.example', IN(3)]];

/** What this machine's own server knows: for a local name, every form in which it may be asked. */
const OWN_RECORDS: readonly Answer[] = [...SHARED, ...FOREIGN].flatMap(([name, address]) =>
  ['', '.cluster.local', '.svc.cluster.local', '.default.svc.cluster.local']
    .filter((suffix) => name.endsWith(suffix))
    .map((suffix) => a(name.slice(0, name.length - suffix.length), address)),
);

/** What a program hears of a name that has no answer, or that the cluster's server does not serve. */
const UNKNOWN = /^(ENOTFOUND|EAI_AGAIN)$/;

const SHUT = /^(ENETUNREACH|EHOSTUNREACH)$/;

const HOSTS = [
  IN(1),
  IN(9),
  '10.96.21.7',
  OUT(9),
  `[${IN6}]`,
  `[${OUT6}]`,
  'db',
  'DB.Default.svc',
  'web.default.svc.cluster.local.',
  'api.corp.example',
  'deep.API.corp.example',
  'corp.example',
  'inside.corp.example',
  'listed.here',
  ...OWN.map(([name]) => name),
];

const FILTERS: readonly object[] = [
  {},
  { outgoing: { filter: { local: ['db', '10.96.21.0/24', 'udp://10.96.20.9', ':7001'] } } },
  { outgoing: { filter: { local: ['db:7777', 'tcp://web', '*.corp.example', `[${IN6}]:7001`] } } },
  { outgoing: { filter: { local: ['tcp://10.96.0.0/16:7777', 'udp://'] } } },
  { outgoing: { filter: { local: ['0.0.0.0/0:7001', '[::]/0', 'inside.corp.example'] } } },
  { outgoing: { filter: { remote: ['api.corp.example', 'udp://deep.api.corp.example', 'db:7777', IN(9)] } } },
  { outgoing: { filter: { remote: ['*.corp.example:7001', '192.0.2.0/24:7777', `tcp://[${OUT6}]`] } } },
  { outgoing: { filter: { remote: [':7777', 'udp://10.96.21.7:7001', 'web'] } } },
  {
    outgoing: {
      filter: { remote: ['tcp://', 'corp.example'] },
      routes: { exclude: [`${OUT(9)}/32`, '10.96.21.0/24'] },
    },
  },
  { outgoing: { filter: { local: ['inside.hosts', 'outside.hosts:7777'] } } },
  { outgoing: { filter: { remote: ['*.hosts'] } } },
  { outgoing: { scope: 'all', filter: { local: ['*.hosts:7001', 'outside.hosts'] } } },
  { outgoing: { tcp: false, filter: { local: ['db', '10.96.21.7'] } } },
  { outgoing: { udp: false, filter: { remote: ['api.corp.example', OUT(9), 'web:7777'] } } },
  { outgoing: { scope: 'all', filter: { local: ['api.corp.example', `${OUT(9)}:7777`, `udp://[${OUT6}]`] } } },
  { ipv6: false, outgoing: { scope: 'all', udp: false, filter: { local: ['web', `[${IN6}]:7001`] } } },
  { outgoing: { routes: { include: ['192.0.2.0/24'], exclude: ['10.96.21.0/24', `${OUT(9)}/32`] } } },
  { ipv6: false, outgoing: { filter: { local: ['db'] }, routes: { include: ['192.0.2.0/24', '2001:db8:5::/64'] } } },
  { dns: false, outgoing: { filter: { remote: ['api.corp.example', 'outside.hosts', IN(9), ':7001'] } } },
  { dns: { hosts: { 'listed.here': IN(9), db: OUT(1) } }, outgoing: { filter: { local: ['listed.here:7777'] } } },
];

/** Who answers, or which error a program sees, when `explain` says this. */
function expected({ dns, reason, side }: Explanation): RegExp {
  if (dns?.failure) return UNKNOWN;
  if (reason === 'ipv6-shut') return SHUT;
  return side === 'local' ? /^developer$/ : /^cluster$/;
}

describe('what explain says is what happens', () => {
  const held = useTwoSides([
    ...new Set([...SHARED, ...FOREIGN, ...OWN].map(([, address]) => address)),
    IN(9),
    '10.96.21.7',
    OUT(9),
    IN6,
    OUT6,
  ]);

  before(async () => {
    const { cluster, developer, internet } = held.world.sandbox;
    const lines = OWN.map(([name, address]) => `${address} ${name}`);
    await developer.run('sh', ['-c', 'printf "%s\\n" "$@" >> /etc/hosts', 'sh', ...lines]);
    cluster.publish(SHARED.map(([name, address]) => a(name, address)));
    internet.publish(OWN_RECORDS);
  });

  it('a line of the hosts file counts within seconds, and as long as it stands there', async () => {
    const { developer } = held.world.sandbox;
    const shell = (line: string) => developer.run('sh', ['-c', line]);
    await held.world.up({ outgoing: { filter: { remote: ['*.late'] } } });
    const { programs } = held.world;
    assert.equal(await programs.ask('tcp', OUT(9)), 'developer');
    await shell(`echo ${OUT(9)} db.late >> /etc/hosts`);
    await poll(async () => (await programs.ask('tcp', 'db.late')) === 'cluster', 'the new line counts', 10_000);
    await shell("sed '/db.late/d' /etc/hosts > /tmp/hosts.$$ && cat /tmp/hosts.$$ > /etc/hosts; rm /tmp/hosts.$$");
    // Asked of the kernel: a connection would keep it; what one has kept is looked at once a minute.
    const isInside = async () => (await programs.explain(OUT(9))).route?.startsWith('mirrord') ?? false;
    await poll(async () => !(await isInside()), 'it no longer counts', 70_000);
    assert.equal(await programs.ask('tcp', OUT(9)), 'developer');
  });

  it('asks as programs do, by UDP, and by TCP only for what does not fit', async () => {
    const { internet } = held.world.sandbox;
    await held.world.up({});
    const many = Array.from({ length: 60 }, (_, i) => OUT(100 + i));
    internet.publish([...OWN_RECORDS, ...many.map((address) => a('many.example', address))]);
    assert.deepEqual((await held.world.programs.explain('many.example')).dns?.addresses.toSorted(), many.toSorted());
    const deaf = 'add table inet deaf; add chain inet deaf in { type filter hook input priority 0; }';
    await internet.run('nft', [`${deaf}; add rule inet deaf in tcp dport 53 reject`]);
    try {
      assert.deepEqual((await held.world.programs.explain('corp.example')).dns?.addresses, [OUT(3)]);
    } finally {
      await internet.run('nft', ['delete table inet deaf']);
    }
  });

  it('with DNS left alone, names are not seen, and asking about one changes nothing', async () => {
    await held.world.up({ outgoing: { filter: { remote: ['api.corp.example'] } } }, ['--dns', 'off']);
    const { programs } = held.world;
    assert.equal(await programs.ask('tcp', 'api.corp.example'), 'developer');
    const said = await programs.explain('api.corp.example');
    assert.deepEqual([said.side, said.dns?.by, said.dns?.addresses], ['local', 'machine', [OUT(1)]]);
    assert.equal(await programs.ask('tcp', 'api.corp.example'), 'developer');
  });

  for (const network of FILTERS) {
    it(JSON.stringify(network), async () => {
      await held.world.up(network);
      const { programs } = held.world;
      const wrong: unknown[] = [];
      for (const host of HOSTS) {
        // Without a port: what is neither of one port nor of one protocol.
        const bare = await programs.explain(host.replace(/[[\]]/g, ''));
        const enters = bare.route?.startsWith('mirrord') ?? false;
        if (!bare.dns?.failure && enters !== (bare.side === 'cluster')) wrong.push({ destination: host, bare });
        const check = async (protocol: Protocol, port: number): Promise<void> => {
          const destination = `${protocol}://${host}:${port}`;
          const said = await programs.explain(destination);
          const answered = await programs.ask(protocol, host.replace(/[[\]]/g, ''), port);
          const inside = said.route?.startsWith('mirrord') ?? false;
          if (!expected(said).test(answered) || inside !== (answered === 'cluster'))
            wrong.push({ destination, answered, said });
        };
        await Promise.all(PORTS.flatMap((port) => [check('tcp', port), check('udp', port)]));
      }
      assert.deepEqual(wrong, []);
    });
  }
});
