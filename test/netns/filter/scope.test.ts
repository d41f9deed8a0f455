/** `scope`, `routes`, switches, and what of DNS goes where: seen from programs on the machine. */
import assert from 'node:assert/strict';
import type { Answer } from 'dns-packet';
import { difference, machineState } from '../../../scripts/sandbox/machine-state.ts';
import { mirrord, poll, statuses } from '../support/session.ts';
import { useTwoSides } from '../support/two-sides.ts';

const SERVICE = '10.96.20.1';
const SERVICE6 = 'fd00:10:96::201';
const PUBLIC = '192.0.2.1';
const PUBLIC6 = '2001:db8:80::81';
const a = (name: string, data: string): Answer => ({ type: 'A', name, data, ttl: 1 });
const aaaa = (name: string, data: string): Answer => ({ type: 'AAAA', name, data, ttl: 1 });

describe('scope, routes and switches', () => {
  const held = useTwoSides([
    SERVICE,
    SERVICE6,
    '10.96.20.2',
    '10.96.21.1',
    '10.96.21.2',
    PUBLIC,
    '192.0.2.2',
    '192.0.2.3',
  ]);
  const ask = (protocol: 'tcp' | 'udp', host: string, port?: number): Promise<string> =>
    held.world.programs.ask(protocol, host, port);
  const both = async (host: string): Promise<string[]> => Promise.all([ask('tcp', host), ask('udp', host)]);
  const questions = (side: 'cluster' | 'internet', name: string): number =>
    held.world.sandbox[side].queries().filter((query) => query.endsWith(` ${name}`)).length;

  before(async () => {
    const { cluster, internet } = held.world.sandbox;
    cluster.publish([
      a('both.example', '192.0.2.1'),
      a('listed.example', '192.0.2.2'),
      a('dual.default.svc.cluster.local', SERVICE),
      aaaa('dual.default.svc.cluster.local', SERVICE6),
    ]);
    internet.publish([
      a('both.example', '192.0.2.1'),
      a('listed.example', '192.0.2.3'),
      aaaa('six.example', PUBLIC6),
      a('six.example', PUBLIC),
    ]);
    // An address of the developer's side alone, where IPv6 could leak to.
    await internet.run('ip', ['address', 'add', `${PUBLIC6}/128`, 'dev', 'lo', 'nodad']);
  });

  describe('outgoing.udp is off', () => {
    before(() => held.world.up({ outgoing: { udp: false } }));

    it('TCP goes to the cluster, UDP does not; names are the cluster’s all the same', async () => {
      assert.deepEqual(await both(SERVICE), ['cluster', 'developer']);
      assert.deepEqual(await both(SERVICE6), ['cluster', 'developer']);
      assert.equal(await held.world.programs.lookup('payment-service', 4), '10.96.10.1');
    });
  });

  describe('--no-tcp-outgoing', () => {
    before(() => held.world.up({}, ['--no-tcp-outgoing']));

    it('UDP goes to the cluster, TCP does not', async () => {
      assert.deepEqual(await both(SERVICE), ['developer', 'cluster']);
    });
  });

  describe('outgoing: false', () => {
    before(() => held.world.up({ outgoing: false }));

    it('nothing is routed, and it is said', async () => {
      assert.deepEqual(await both(SERVICE), ['developer', 'developer']);
      assert.match(held.world.session.output, /Nothing is routed to the cluster/);
    });
  });

  describe('routes', () => {
    before(() =>
      held.world.up({
        outgoing: {
          routes: { include: ['192.0.2.0/24', '10.96.21.2/32'], exclude: ['192.0.2.2', '10.96.21.0/24', SERVICE6] },
        },
      }),
    );

    it('include adds, exclude takes out, the more specific one wins', async () => {
      assert.deepEqual(await both(PUBLIC), ['cluster', 'cluster']);
      assert.deepEqual(await both('192.0.2.2'), ['developer', 'developer']);
      assert.deepEqual(await both(SERVICE), ['cluster', 'cluster']);
      assert.deepEqual(await both('10.96.21.1'), ['developer', 'developer']);
      assert.deepEqual(await both('10.96.21.2'), ['cluster', 'cluster']);
      assert.deepEqual(await both(SERVICE6), ['developer', 'developer']);
    });
  });

  describe('scope: all', () => {
    before(() => held.world.up({ outgoing: { scope: 'all', filter: { local: ['192.0.2.2', 'listed.example'] } } }));

    it('everything goes to the cluster, but what is local', async () => {
      assert.deepEqual(await both(SERVICE), ['cluster', 'cluster']);
      assert.deepEqual(await both(PUBLIC), ['cluster', 'cluster']);
      assert.deepEqual(await both('192.0.2.2'), ['developer', 'developer']);
    });

    it('DNS too, but what is local', async () => {
      const before = questions('internet', 'both.example');
      const asked = questions('cluster', 'listed.example');
      assert.equal(await held.world.programs.lookup('both.example', 4), '192.0.2.1');
      assert.ok(questions('cluster', 'both.example') > 0);
      assert.equal(questions('internet', 'both.example'), before);
      assert.equal(await held.world.programs.lookup('listed.example', 4), '192.0.2.3');
      assert.equal(questions('cluster', 'listed.example'), asked);
      assert.deepEqual(await both('listed.example'), ['developer', 'developer']);
    });

    it('the gateway and the machine’s own name server keep their path; loopback stays', async () => {
      for (const destination of ['198.51.100.1', '198.51.100.53:7777', '127.0.0.1']) {
        const { side, route } = await held.world.explain(destination);
        assert.equal(side, 'local', destination);
        assert.doesNotMatch(route ?? '', /mirrord/, destination);
      }
    });

    it('the session lives on: status and its round trip', async () => {
      const [status] = await statuses(held.world.sandbox);
      assert.equal(status?.state, 'ready');
      assert.notEqual(status?.transport.rtt_ms, null);
      assert.match(status?.filter.join('\n') ?? '', /cluster: everything but loopback/);
    });
  });

  describe('scope: all without IPv6', () => {
    before(() => held.world.up({ ipv6: false, outgoing: { scope: 'all' } }));

    it('IPv6 does not leak around it: unreachable at once, and programs fall back', async () => {
      const started = performance.now();
      assert.match(await ask('tcp', PUBLIC6, 7777), /ENETUNREACH|EHOSTUNREACH/);
      assert.ok(performance.now() - started < 500);
      assert.deepEqual(await both(PUBLIC), ['cluster', 'cluster']);
    });
  });

  describe('ipv6: false', () => {
    before(() => held.world.up({ ipv6: false }));

    it('AAAA of routed names is NODATA, nothing of IPv6 is routed, IPv4 is as it was', async () => {
      assert.equal(await held.world.programs.lookup('dual', 4), SERVICE);
      const { stdout } = await held.world.sandbox.developer.run('dig', ['dual.default.svc.cluster.local', 'AAAA']);
      assert.match(stdout, /status: NOERROR/);
      assert.match(stdout, /ANSWER: 0/);
      assert.deepEqual(await both(SERVICE6), ['developer', 'developer']);
      assert.deepEqual(await both('dual'), ['cluster', 'cluster']);
    });
  });

  describe('dns.hosts', () => {
    before(() =>
      held.world.up({ dns: { hosts: { 'example-hostname.svc': '127.0.0.1', Pinned: ['10.96.20.2', SERVICE6] } } }),
    );

    it('gives its answer in every form of the name, before anyone is asked', async () => {
      assert.equal(await held.world.programs.lookup('example-hostname.svc', 4), '127.0.0.1');
      for (const name of ['pinned', 'PINNED.default', 'pinned.default.svc.cluster.local.']) {
        assert.equal(await held.world.programs.lookup(name, 4), '10.96.20.2', name);
        assert.equal(await held.world.programs.lookup(name, 6), SERVICE6, name);
      }
      assert.equal(questions('cluster', 'example-hostname.svc'), 0);
      assert.deepEqual(await both('pinned'), ['cluster', 'cluster']);
    });
  });

  describe('dns: false', () => {
    let untouched = '';
    before(async () => {
      await held.world.down();
      untouched = await dnsOf();
      await held.world.up({ dns: false, outgoing: { filter: { remote: ['listed.example', SERVICE] } } });
    });
    const dnsOf = async (): Promise<string> =>
      (await held.world.sandbox.developer.run('sh', ['-c', 'nft list ruleset | grep "dport 53"; cat /etc/resolv.conf']))
        .stdout;

    it('leaves the machine’s DNS alone, warns of a remote name, and routes addresses', async () => {
      assert.equal(await dnsOf(), untouched);
      assert.match(held.world.session.output, /listed\.example.*this machine resolves the name/);
      assert.equal(await held.world.programs.lookup('listed.example', 4), '192.0.2.3');
      assert.deepEqual(await both(SERVICE), ['cluster', 'cluster']);
      assert.equal(await held.world.programs.lookup('payment-service.default.svc.cluster.local'), 'ENOTFOUND');
    });
  });

  const rows: readonly {
    what: string;
    outgoing?: object;
    filter: object;
    cluster: readonly string[];
    developer: readonly string[];
  }[] = [
    {
      what: 'dns.filter.remote alone',
      filter: { remote: ['listed.example'] },
      cluster: ['listed.example'],
      developer: ['both.example', 'dual.default.svc.cluster.local'],
    },
    {
      what: 'dns.filter.local alone',
      filter: { local: ['dual'] },
      cluster: ['payment-service.default.svc.cluster.local'],
      developer: ['dual.default.svc.cluster.local', 'both.example'],
    },
    {
      what: 'remote names and dns.filter.remote',
      outgoing: { filter: { remote: ['both.example'] } },
      filter: { remote: ['listed.example'] },
      cluster: ['listed.example', 'both.example'],
      developer: ['payment-service.default.svc.cluster.local'],
    },
    {
      what: 'local names and dns.filter.remote',
      outgoing: { filter: { local: ['both.example'] } },
      filter: { remote: ['both.example'] },
      cluster: ['both.example'],
      developer: ['listed.example'],
    },
    {
      what: 'remote names and dns.filter.local',
      outgoing: { filter: { remote: ['both.example', 'listed.example'] } },
      filter: { local: ['both.example'] },
      cluster: ['listed.example'],
      developer: ['both.example'],
    },
  ];
  for (const { what, outgoing = {}, filter, cluster, developer } of rows) {
    it(`${what}: ${cluster.join(', ')} asked of the cluster, ${developer.join(', ')} of this machine's server`, async () => {
      await held.world.up({ outgoing, dns: { filter } });
      for (const [names, side, other] of [
        [cluster, 'cluster', 'internet'],
        [developer, 'internet', 'cluster'],
      ] as const) {
        for (const name of names) {
          const [ours, theirs] = [questions(side, name), questions(other, name)];
          await held.world.programs.lookup(`${name}.`, 4);
          assert.ok(questions(side, name) > ours, `${name} was asked of the ${side}`);
          assert.equal(questions(other, name), theirs, `${name} was not asked of the ${other}`);
        }
      }
    });
  }

  for (const dns of ['nftables', 'resolv.conf'] as const) {
    describe(`--dns ${dns}`, () => {
      before(() =>
        held.world.up({ outgoing: { filter: { local: ['dual', `${SERVICE}:7777`, 'udp://:7001'] } } }, ['--dns', dns]),
      );

      it('local names are this machine’s, others the cluster’s', async () => {
        const before = questions('cluster', 'dual.default.svc.cluster.local');
        assert.equal(await held.world.programs.lookup('dual.default.svc.cluster.local.', 4), 'ENOTFOUND');
        assert.equal(questions('cluster', 'dual.default.svc.cluster.local'), before);
        assert.equal(await held.world.programs.lookup('payment-service', 4), '10.96.10.1');
        assert.deepEqual(await both(SERVICE), ['developer', 'developer']);
      });
    });
  }

  describe('policy rules after kill -9', () => {
    const network = { outgoing: { filter: { remote: [`${PUBLIC}:7777`, 'udp://', 'listed.example'] } } };

    for (const next of ['down', 'up'] as const) {
      it(`are gone with the next ${next}`, async () => {
        await held.world.down();
        const { developer } = held.world.sandbox;
        const before = await machineState(developer);
        const session = await held.world.up(network);
        const [status] = await statuses(held.world.sandbox);
        assert.ok(status);
        assert.equal(await ask('tcp', PUBLIC), 'cluster');
        // Both parts and the guard at once, so that nobody is left to tidy up.
        const { stdout } = await developer.run('sh', ['-c', 'pgrep -f mirrord-guard']);
        const guards = stdout.split('\n').filter((line) => /^\d+$/.test(line));
        const mine = await ours(guards.map(Number));
        for (const pid of mine) process.kill(pid, 'SIGSTOP');
        session.child.kill('SIGKILL');
        for (const pid of [...mine, status.pid]) process.kill(pid, 'SIGKILL');
        await session.ended;
        if (next === 'down') {
          assert.equal((await mirrord(held.world.sandbox, ['down'], 'sudo')).code, 0);
        } else {
          await held.world.up({});
          assert.match(held.world.session.output, /undid the changes that session default left/);
          assert.equal(await ask('tcp', PUBLIC), 'developer');
          await held.world.down();
        }
        let now = '';
        await poll(
          async () => (now = await machineState(developer)) === before,
          'as before',
          5_000,
          () => difference(before, now),
        );
      });
    }

    /** Those that live in the developer machine's network, and in no other sandbox's. */
    async function ours(pids: readonly number[]): Promise<number[]> {
      const { developer } = held.world.sandbox;
      const script =
        'for p in "$@"; do [ "$(readlink /proc/$p/ns/net)" = "$(readlink /proc/self/ns/net)" ] && echo $p; done; true';
      const { stdout } = await developer.run('sh', ['-c', script, 'sh', ...pids.map(String)]);
      return stdout.split('\n').filter(Boolean).map(Number);
    }
  });
});
