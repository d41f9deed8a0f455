/** Names as names: in every form, with and without ports, under one address, and while their answers change. */
import assert from 'node:assert/strict';
import type { Answer } from 'dns-packet';
import { mirrord, poll, statuses } from '../support/session.ts';
import { useTwoSides } from '../support/two-sides.ts';

const PAYMENT = '10.96.10.1';
const OUT = (n: number): string => `192.0.2.${n}`;
const OUT6 = '2001:db8:5::1';

const a = (name: string, data: string, ttl = 1): Answer => ({ type: 'A', name, data, ttl });

describe('filter by name', () => {
  const held = useTwoSides([
    '10.96.20.1',
    '10.96.20.2',
    '10.96.20.3',
    '127.0.0.9',
    ...[1, 2, 3, 4, 5, 6, 7].map(OUT),
    OUT6,
  ]);
  const ask = (protocol: 'tcp' | 'udp', host: string, port?: number): Promise<string> =>
    held.world.programs.ask(protocol, host, port);
  const both = async (host: string, port?: number): Promise<string[]> =>
    Promise.all([ask('tcp', host, port), ask('udp', host, port)]);
  /** The questions for a name that each side's server has got. */
  const asked = (name: string) => {
    const count = (queries: readonly string[]): number => queries.filter((query) => query.endsWith(` ${name}`)).length;
    const { cluster, internet } = held.world.sandbox;
    return { cluster: count(cluster.queries()), developer: count(internet.queries()) };
  };

  /** The cluster's own name `twin` and this machine's lead to one address, which is in the cluster's range. */
  const TWIN = ['twin', 'twin.default', 'twin.default.svc', 'twin.default.svc.cluster.local'];

  before(() => {
    held.world.sandbox.cluster.publish([a('twin.default.svc.cluster.local', '10.96.20.1')]);
    held.world.sandbox.internet.publish([
      ...TWIN.map((name) => a(name, '10.96.20.1')),
      a('api.internal.example', '10.96.20.2'),
      a('deep.api.internal.example', '10.96.20.2'),
      a('internal.example', '10.96.20.3'),
      a('only-here.svc', '10.96.20.3'),
    ]);
  });

  for (const entry of [...TWIN, 'TWIN.Default.SVC.', 'tWIN.DEFAULT']) {
    describe(`local ${entry}`, () => {
      before(() => held.world.up({ outgoing: { filter: { local: [entry] } } }));

      for (const form of [...TWIN, 'Twin.default.svc.cluster.local.', 'TWIN']) {
        it(`means ${form}: asked of this machine's server alone, and connected to from here`, async () => {
          const before = asked(form.toLowerCase().replace(/\.$/, '')).developer;
          assert.deepEqual(await both(form), ['developer', 'developer']);
          if (form === form.toLowerCase() && !form.endsWith('.')) assert.ok(asked(form).developer > before, form);
        });
      }

      it('and nothing of it came to the cluster', () => {
        assert.deepEqual(
          held.world.sandbox.cluster.queries().filter((query) => / twin/i.test(query)),
          [],
        );
      });
    });
  }

  describe('local *.internal.example, a name with a port, a name that nobody knows', () => {
    before(() =>
      held.world.up({
        outgoing: { filter: { local: ['*.internal.example', 'payment-service:7777', 'nowhere.svc', 'only-here.svc'] } },
        dns: { filter: { local: [] } },
      }),
    );

    it('means what is below, at any depth, and not itself', async () => {
      assert.deepEqual(await both('api.internal.example'), ['developer', 'developer']);
      assert.deepEqual(await both('deep.api.internal.example'), ['developer', 'developer']);
      assert.deepEqual(await both('internal.example'), ['cluster', 'cluster']);
    });

    it('keeps one port of a cluster name here, and answers as for its others', async () => {
      assert.equal(await held.world.programs.lookup('payment-service', 4), PAYMENT);
      const route = async (port: number) => (await held.world.explain(`payment-service:${port}`)).route;
      assert.equal(await route(7777), 'eth0');
      assert.match((await route(8080)) ?? '', /^mirrord/);
    });

    it('says NXDOMAIN for a local name that this machine does not know, and for it alone', async () => {
      assert.equal(await held.world.programs.lookup('nowhere.svc'), 'ENOTFOUND');
      assert.equal(await held.world.programs.lookup('only-here.svc', 4), '10.96.20.3');
      assert.equal(await held.world.programs.lookup('payment-service.default.svc', 4), PAYMENT);
      assert.equal(await held.world.programs.lookup('www.example.com', 4), '203.0.113.80');
      assert.equal(asked('nowhere.svc').cluster, 0);
    });
  });

  describe('two names on one address in the cluster’s range, one of them local', () => {
    const SHARED = '10.96.20.2';

    before(async () => {
      held.world.sandbox.cluster.publish([a('cdn-there.default.svc.cluster.local', SHARED)]);
      held.world.sandbox.internet.publish([a('cdn-here.example', SHARED), a('cdn-port.example', SHARED)]);
      await held.world.up({ outgoing: { filter: { local: ['cdn-here.example', 'tcp://cdn-port.example:7777'] } } });
    });

    it('the one asked last decides, whichever it is and however often it changes', async () => {
      for (const _ of [1, 2]) {
        assert.deepEqual(await both('cdn-there'), ['cluster', 'cluster']);
        assert.deepEqual(await both(SHARED), ['cluster', 'cluster']);
        assert.deepEqual(await both('cdn-here.example'), ['developer', 'developer']);
        assert.deepEqual(await both(SHARED), ['developer', 'developer']);
        assert.deepEqual(await both('cdn-port.example'), ['developer', 'cluster']);
        assert.deepEqual(await both('cdn-port.example', 7001), ['cluster', 'cluster']);
      }
    });

    it('explain and a warning name them', async () => {
      assert.equal(await held.world.programs.lookup('cdn-here.example', 4), SHARED);
      const { side, notes } = await held.world.explain(SHARED);
      assert.equal(side, 'local');
      assert.match(
        notes.join(),
        /10\.96\.20\.2 is also .*cdn-there.*; it follows cdn-here\.example, the last name that was looked up/,
      );
      const [status] = await statuses(held.world.sandbox);
      const warnings = status?.warnings.join('\n') ?? '';
      assert.match(warnings, /cdn-there .* and cdn-here\.example .* share 10\.96\.20\.2/);
    });
  });

  describe('the sample: example-hostname.svc in the hosts file', () => {
    before(async () => {
      const { developer } = held.world.sandbox;
      await developer.run('sh', ['-c', 'echo 127.0.0.1 example-hostname.svc >> /etc/hosts']);
      await held.world.up({ outgoing: { filter: { local: ['example-hostname.svc'] } } });
    });

    it('is said when the session starts', () => {
      assert.match(
        held.world.session.output,
        /^✔ filter {4}local: example-hostname\.svc \(feature\.network\.outgoing\.filter\.local\[0\]\)$/m,
      );
    });

    it('explain says where it goes and why', async () => {
      const { stdout, code } = await mirrord(held.world.sandbox, ['explain', 'example-hostname.svc:5432']);
      assert.equal(code, 0);
      assert.equal(
        stdout,
        [
          'example-hostname.svc:5432/tcp stays on this machine',
          '  rule    feature.network.outgoing.filter.local[0] = "example-hostname.svc"',
          '  DNS     answered by this machine (127.0.0.1, /etc/hosts)',
          '  route   lo',
          '',
        ].join('\n'),
      );
    });

    it('a program that asks by DNS alone gets the same', async () => {
      const { stdout } = await held.world.sandbox.developer.run('dig', ['+short', 'example-hostname.svc']);
      assert.equal(stdout, '127.0.0.1\n');
    });

    it('status counts what was answered', async () => {
      const { stdout } = await mirrord(held.world.sandbox, ['status']);
      assert.match(stdout, /filter +local: example-hostname\.svc/);
      assert.match(
        stdout,
        /matched +feature\.network\.outgoing\.filter\.local\[0\] = "example-hostname\.svc": \d+ questions?$/m,
      );
    });
  });

  describe('remote names outside of the ranges', () => {
    const cluster = (...records: Answer[]): void => held.world.sandbox.cluster.publish(records);

    before(async () => {
      held.world.sandbox.internet.publish([a('plain.example', OUT(7)), a('rds.example', OUT(7))]);
      cluster(a('rds.example', OUT(1)), a('port.example', OUT(2)), a('cdn-remote.example', OUT(3)));
      await held.world.up({
        outgoing: {
          filter: { remote: ['rds.example', 'tcp://port.example:7777', 'cdn-remote.example', '*.rds.example'] },
        },
      });
    });

    it('is resolved by the cluster and goes there; another name stays', async () => {
      assert.deepEqual(await both('rds.example'), ['cluster', 'cluster']);
      assert.deepEqual(await both('RDS.Example.'), ['cluster', 'cluster']);
      assert.deepEqual(await both('plain.example'), ['developer', 'developer']);
      assert.equal(asked('rds.example').developer, 0);
      assert.equal(asked('plain.example').cluster, 0);
      assert.deepEqual(await both(OUT(4)), ['developer', 'developer']);
    });

    it('by port: only that port goes', async () => {
      assert.deepEqual(await both('port.example'), ['cluster', 'developer']);
      assert.deepEqual(await both('port.example', 7001), ['developer', 'developer']);
    });

    it('of two names on one address the one asked last decides; a warning names both, explain shows it', async () => {
      held.world.sandbox.internet.publish([a('cdn-local.example', OUT(3), 1)]);
      assert.deepEqual(await both('cdn-remote.example'), ['cluster', 'cluster']);
      assert.deepEqual(await both('cdn-local.example'), ['developer', 'developer']);
      assert.deepEqual(await both(OUT(3)), ['developer', 'developer']);
      assert.deepEqual((await held.world.explain(OUT(3))).notes, [
        `${OUT(3)} is also cdn-remote.example; it follows cdn-local.example, the last name that was looked up`,
      ]);
      assert.deepEqual(await both('cdn-remote.example'), ['cluster', 'cluster']);
      assert.deepEqual(await both(OUT(3)), ['cluster', 'cluster']);
      const { notes, side } = await held.world.explain('cdn-remote.example');
      assert.equal(side, 'cluster');
      assert.deepEqual(notes, [
        `${OUT(3)} is also cdn-local.example; it follows cdn-remote.example, the last name that was looked up`,
      ]);
      const [status] = await statuses(held.world.sandbox);
      assert.match(
        status?.warnings.join('\n') ?? '',
        /cdn-remote\.example .* and cdn-local\.example .* share 192\.0\.2\.3/,
      );
    });

    it('every address of an answer is routed before it is given, however often the answer turns', async () => {
      for (const n of [4, 5, 6, 4, 5, 6]) {
        cluster(a(`turn${n}.rds.example`, OUT(n), 0), {
          type: 'AAAA',
          name: `turn${n}.rds.example`,
          data: OUT6,
          ttl: 0,
        });
        assert.equal(await held.world.programs.lookup(`turn${n}.rds.example`, 4), OUT(n));
        assert.deepEqual(await both(OUT(n)), ['cluster', 'cluster']);
        assert.equal(await held.world.programs.lookup(`turn${n}.rds.example`, 6), OUT6);
        assert.deepEqual(await both(OUT6), ['cluster', 'cluster']);
      }
      cluster(...[4, 5, 6].map((n) => a('many.rds.example', OUT(n), 0)));
      const found = (await held.world.programs.lookup('many.rds.example', 4)).split(' ').sort();
      assert.deepEqual(found, [4, 5, 6].map(OUT));
    });

    it('a flow goes on when its name has another answer, and new ones follow the new', async () => {
      cluster(a('moves.rds.example', OUT(1), 0));
      const flow = await held.world.programs.open('moves.rds.example');
      assert.equal(flow.side, 'cluster');
      cluster(a('moves.rds.example', OUT(2), 0));
      await poll(
        async () => (await held.world.programs.lookup('moves.rds.example', 4)) === OUT(2),
        'the new answer is given',
      );
      assert.deepEqual(await both('moves.rds.example'), ['cluster', 'cluster']);
      assert.equal(await flow.again(), 'cluster');
    });

    it('a program that resolved once connects the same way when its answer is long over', async () => {
      cluster(a('short.rds.example', OUT(7), 1), a('kept.rds.example', OUT(6), 1));
      const flow = await held.world.programs.open('kept.rds.example');
      assert.equal(await held.world.programs.lookup('short.rds.example', 4), OUT(7));
      const route = async (address: string): Promise<string> =>
        (await held.world.sandbox.developer.run('ip', ['route', 'get', address])).stdout;
      // Longer than any resolver's own patience; the hour is the unit tests'.
      const since = performance.now();
      await poll(
        async () => {
          assert.match(await route(OUT(7)), /mirrord/);
          return performance.now() - since > 32_000;
        },
        'half a minute to pass',
        40_000,
      );
      assert.deepEqual(await both(OUT(7)), ['cluster', 'cluster']);
      assert.match(await route(OUT(6)), /mirrord/);
      assert.equal(await flow.again(), 'cluster');
    });

    it('status counts flows by the rule that led them in', async () => {
      const [status] = await statuses(held.world.sandbox);
      const found = status?.matches.find(({ rule }) => rule?.endsWith('filter.remote[0]'));
      assert.ok(found !== undefined && found.flows >= 4, JSON.stringify(status?.matches));
      assert.equal(found.value, 'rds.example');
      assert.equal(found.side, 'cluster');
    });
  });
});
