/**
 * Programs bound to an address of this machine (`curl --interface 198.51.100.2`), and servers on it: both send from such an
 * address, and only the first go the session's way.
 */
import assert from 'node:assert/strict';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { DEVELOPER, PUBLIC_WEB, service } from '../../../scripts/sandbox/addresses.ts';
import { difference as stateDifference, machineState } from '../../../scripts/sandbox/machine-state.ts';
import { OpenConnections } from '../resume/support/open-connections.ts';
import { partsOf } from '../resume/support/session-parts.ts';
import { mirrord, poll } from '../support/session.ts';
import { type Protocol, useTwoSides } from '../support/two-sides.ts';

const SERVICE = { v4: '10.96.20.1', v6: 'fd00:10:96::201' };
const PUBLIC = { v4: '192.0.2.1', v6: '2001:db8:80::81' };
const FAMILIES = ['v4', 'v6'] as const;
/** Of `own-servers.ts`: as an ssh server, one that answers by UDP, and one whose socket for an asker is connected to it. */
const SERVERS = [
  ['ssh', 'TCP', 2222],
  ['UDP', 'UDP', 2223],
  ['connected UDP', 'UDP', 2224],
] as const;

describe('programs and servers with an address of their own', () => {
  const held = useTwoSides([SERVICE.v4, SERVICE.v6, PUBLIC.v4, PUBLIC.v6]);
  const children: ChildProcessWithoutNullStreams[] = [];
  const shell = async (line: string): Promise<string> => {
    const { code, stdout, stderr } = await held.world.sandbox.developer.run('sh', ['-ec', line]);
    assert.equal(code, 0, `${line}\n${stderr}`);
    return stdout;
  };
  const strict = (value: 0 | 1): Promise<string> =>
    shell(`for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo ${value} > $f; done`);
  const bound = (protocol: Protocol, to: typeof SERVICE, port?: number): Promise<string[]> =>
    Promise.all(FAMILIES.map((family) => held.world.programs.ask(protocol, to[family], port, DEVELOPER[family])));

  before(async () => {
    const servers = join(import.meta.dirname, '../support/own-servers.ts');
    const child = held.world.sandbox.developer.start(process.execPath, [servers, DEVELOPER.v4, DEVELOPER.v6]);
    children.push(child);
    child.stderr.resume();
    assert.match(String(await once(child.stdout, 'data')), /ready/);
  });
  after(() => {
    for (const child of children) child.kill();
  });

  /** Clients far away, who stay; `ask` goes round all. */
  async function visit(
    servers: readonly (typeof SERVERS)[number][] = SERVERS,
  ): Promise<{ ask(what: string): Promise<void>; leave(): void }> {
    const visitors = FAMILIES.flatMap((family) =>
      servers.map(([name, protocol, port]) => {
        const [to, from] = [DEVELOPER[family], PUBLIC_WEB[family]].map((one) => (family === 'v6' ? `[${one}]` : one));
        const child = held.world.sandbox.internet.start('socat', ['-', `${protocol}:${to}:${port},bind=${from}`]);
        return { name: `${name} ${family}`, child };
      }),
    );
    children.push(...visitors.map(({ child }) => child));
    return {
      ask: async (what) => {
        for (const { name, child } of visitors) {
          const answer = once(child.stdout, 'data', { signal: AbortSignal.timeout(5_000) });
          child.stdin.write(`${what}\n`);
          const [text] = (await answer.catch(() => ['no answer'])) as [Buffer];
          assert.equal(String(text), `${what}\n`, `${name}, ${what}`);
        }
      },
      leave: () => {
        for (const { child } of visitors) child.kill();
      },
    };
  }

  for (const check of [0, 1] as const) {
    describe(`rp_filter ${check}`, () => {
      before(() => strict(check));
      after(async () => {
        await held.world.down();
        await strict(0);
      });

      it('scope cluster: bound programs enter, by either protocol', async () => {
        await held.world.up({});
        assert.deepEqual(await bound('tcp', SERVICE), ['cluster', 'cluster']);
        assert.deepEqual(await bound('udp', SERVICE), ['cluster', 'cluster']);
        assert.equal(await held.world.programs.ask('tcp', PUBLIC.v4, undefined, DEVELOPER.v4), 'developer');
        assert.equal(
          await shell(
            `curl -s --max-time 5 --interface ${DEVELOPER.v4} -o /dev/null -w '%{http_code}' http://payment-service:8080`,
          ),
          '200',
        );
      });

      it('scope all: TCP enters whatever it dials, UDP into the cluster’s own ranges', async () => {
        const { warnings } = await upWithAll();
        assert.deepEqual(warnings, []);
        assert.deepEqual(await bound('tcp', SERVICE), ['cluster', 'cluster']);
        assert.deepEqual(await bound('udp', SERVICE), ['cluster', 'cluster']);
        assert.deepEqual(await bound('tcp', PUBLIC), ['cluster', 'cluster']);
        assert.equal(await held.world.programs.ask('udp', PUBLIC.v4, undefined, DEVELOPER.v4), 'developer');
        assert.equal(
          await shell(
            `curl -s --max-time 5 --interface ${DEVELOPER.v4} -o /dev/null -w '%{http_code}' http://payment-service:8080`,
          ),
          '200',
        );
      });

      it('scope all: filters hold for bound programs, too', async () => {
        await upWithAll({ filter: { local: [PUBLIC.v4, `${SERVICE.v4}:7001`] } });
        assert.deepEqual(await bound('tcp', PUBLIC), ['developer', 'cluster']);
        assert.deepEqual(await bound('tcp', SERVICE, 7001), ['developer', 'cluster']);
        assert.deepEqual(await bound('udp', SERVICE, 7001), ['developer', 'cluster']);
      });

      it('scope all: who visits a server of this machine is never cut off', async () => {
        const early = await visit();
        await early.ask('before');
        await upWithAll();
        await early.ask('while up');
        const late = await visit();
        await late.ask('come while up');
        await held.world.down();
        await early.ask('after');
        await late.ask('after');
        early.leave();
        late.leave();
      });
    });
  }

  it('scope all without IPv6: no ssh session by IPv6 is cut off either; programs are told at once', async () => {
    const early = await visit(SERVERS.slice(0, 1));
    await early.ask('before');
    await held.world.up({ ipv6: false, outgoing: { scope: 'all' } });
    await early.ask('while up');
    const late = await visit(SERVERS.slice(0, 1));
    await late.ask('come while up');
    early.leave();
    late.leave();
    const started = performance.now();
    for (const protocol of ['tcp', 'udp'] as const) {
      for (const from of ['', DEVELOPER.v6]) {
        const answer = await held.world.programs.ask(protocol, PUBLIC.v6, undefined, from);
        assert.match(answer, /^(ENETUNREACH|EHOSTUNREACH)$/, `${protocol} ${from}`);
      }
    }
    assert.deepEqual((await bound('tcp', PUBLIC))[0], 'cluster');
    assert.ok(performance.now() - started < 1_000);
  });

  it('where programs cannot be told apart from servers, that is said, and the servers win', async () => {
    await held.world.down();
    await shell('mount -t tmpfs none /sys/fs/cgroup');
    try {
      const early = await visit();
      await early.ask('before');
      const { warnings } = await upWithAll();
      assert.match(warnings.join('\n'), /TCP from programs .*\(curl --interface\) bypasses the session here \(.+\)/);
      await early.ask('while up');
      early.leave();
      assert.deepEqual(await bound('tcp', PUBLIC), ['developer', 'developer']);
      await held.world.down();
    } finally {
      await shell('umount /sys/fs/cgroup');
    }
  });

  for (const victims of [['host'], ['session'], ['host', 'guard'], ['session', 'host', 'guard']] as const) {
    it(`scope all: bound programs are told, and the machine is as before, when these are killed: ${victims.join(', ')}`, async () => {
      await held.world.down();
      const { sandbox } = held.world;
      const before = await machineState(sandbox.developer);
      await upWithAll();
      const open = await OpenConnections.open(
        sandbox,
        FAMILIES.map((family) => [family, 'tcp', service(4)[family], 7, DEVELOPER[family]]),
      );
      const visitors = await visit();
      try {
        let since = Date.now();
        const parts = partsOf(sandbox);
        for (const victim of victims) process.kill(parts[victim] ?? assert.fail(victim), 'SIGKILL');
        if (([...victims] as string[]).includes('guard')) {
          await poll(() => partsOf(sandbox).session === undefined, 'the session has noticed');
          assert.equal((await mirrord(sandbox, ['down'], 'sudo')).code, 0);
          // Nothing else is left that could tell them.
          since = Date.now();
        }
        await open.areTold(since, victims.join(', '));
        let now = '';
        const difference = (): string => stateDifference(before, now);
        const isAsBefore = async (): Promise<boolean> => (now = await machineState(sandbox.developer)) === before;
        await poll(isAsBefore, 'the machine is as before', 10_000, difference);
        assert.deepEqual(await bound('tcp', PUBLIC), ['developer', 'developer']);
        await visitors.ask('after');
      } finally {
        open.close();
        visitors.leave();
      }
    });
  }

  async function upWithAll(outgoing: object = {}): Promise<{ warnings: readonly string[] }> {
    const session = await held.world.up({ outgoing: { scope: 'all', ...outgoing } });
    return { warnings: session.output.split('\n').filter((line) => /curl --interface|Credential plugins/.test(line)) };
  }
});
