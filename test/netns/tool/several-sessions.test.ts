import assert from 'node:assert/strict';
import { mirrord, poll, statuses, up, useSandbox, useSession } from '../support/session.ts';
import type { Session } from '../../../scripts/sandbox/session.ts';
import { PUBLIC_WEB, service } from '../../../scripts/sandbox/addresses.ts';
import { createSandbox } from '../../../scripts/sandbox/index.ts';
import { difference, machineState } from '../../../scripts/sandbox/machine-state.ts';

const TAKEN = ['10.96.0.0/16', '10.244.0.0/16', 'fd00:10:96::/112', 'fd00:10:244::/64'];
/** A second session's own name and range. */
const SECOND = [
  '--name=second',
  '--include-route=192.168.77.0/24',
  ...TAKEN.flatMap((range) => ['--exclude-route', range]),
];

/** A change of resolv.conf is read 1 s after it at the latest, and acted upon. */
const NOTICED_MS = 2_000;

const KUBECONFIG = `
apiVersion: v1
current-context: b
clusters: [{ name: b, cluster: { server: 'https://b.example:6443' } }]
contexts: [{ name: b, context: { cluster: b, user: b } }]
users: [{ name: b, user: { exec: { apiVersion: client.authentication.k8s.io/v1, command: touch, args: [/etc/plugin-ran], interactiveMode: Never } } }]
`;

describe('mirrord up, more than once', () => {
  const world = useSession();

  it('a second up of the same name says that it is up', async () => {
    const { code, stdout } = await mirrord(world.sandbox, ['up', '-t', `netns/${world.sandbox.target}`], 'sudo');
    assert.equal(code, 0);
    assert.match(stdout, /^session 'default' is already up/);
  });

  it('a second up of the same name with other settings names what is other, and changes nothing', async () => {
    const { developer, target } = world.sandbox;
    const file = '/run/home/b.kubeconfig';
    await developer.run('sh', ['-ec', `cat >${file} <<'END'\n${KUBECONFIG}END`], { as: 'developer' });
    const before = await machineState(developer);
    const cases: readonly (readonly [readonly string[], string])[] = [
      [['-t', 'netns/elsewhere'], `target netns/${target} (requested: netns/elsewhere)`],
      [['-t', `netns/${target}`, '--dns', 'off'], 'dns auto (requested: off)'],
      [['-t', `netns/${target}`, '--no-udp-outgoing'], 'feature.network.outgoing.udp true (requested: false)'],
      [['-t', `netns/${target}`, '--exclude-route', '10.0.0.0/8'], '(requested: ["10.0.0.0/8"])'],
      [['--kubeconfig', file], `context none (requested: b), server none (requested: https://b.example:6443)`],
    ];
    for (const as of ['developer', 'sudo'] as const) {
      for (const [args, words] of cases) {
        const { code, stderr } = await mirrord(world.sandbox, ['up', ...args], as);
        assert.equal(code, 2, stderr);
        assert.ok(stderr.startsWith("Error: Session 'default' is up with other settings: "), stderr);
        assert.ok(stderr.includes(words), stderr);
      }
    }
    assert.equal(difference(before, await machineState(developer)), '');
  });

  it('another name on the same ranges is refused with both names', async () => {
    const { code, stdout, stderr } = await mirrord(
      world.sandbox,
      ['up', '--name', 'second', '-t', `netns/${world.sandbox.target}`],
      'sudo',
    );
    assert.equal(code, 6, stderr);
    assert.match(stderr, /default/);
    assert.match(stderr, /second/);
    assert.match(stderr, /→ End it first: \S*mirrord down --name default\. Several/);
    // Nothing had been started for it.
    assert.doesNotMatch(stdout, /agent/);
    assert.equal((await statuses(world.sandbox)).length, 1);
  });

  it('two names are up side by side on ranges that do not overlap', async () => {
    const second = await up(world.sandbox, { args: [...SECOND, '--dns', 'off'] }).ready();
    assert.deepEqual(
      (await statuses(world.sandbox)).map(({ name }) => name),
      ['default', 'second'],
    );
    assert.equal((await second.end()).code, 0);
    assert.deepEqual(
      (await statuses(world.sandbox)).map(({ name }) => name),
      ['default'],
    );
  });

  it('several that start at the same moment stay out of each other’s way', async () => {
    const ranges = [1, 2, 3, 4].map((number) => `192.168.${number}.0/24`);
    const started = ranges.map((range, index) => {
      const own = [`--name=n${index}`, `--include-route=${range}`, '--dns=off'];
      return up(world.sandbox, { args: [...own, ...SECOND.slice(2)] });
    });
    await Promise.all(started.map((session) => session.ready()));
    const addresses = (await statuses(world.sandbox)).flatMap(({ tun }) => tun.addresses.slice(0, 1));
    assert.equal(new Set(addresses).size, ranges.length + 1, addresses.join(' '));
    await Promise.all(started.map((session) => session.end()));
  });

  it('sandboxes do not see each other', async () => {
    const other = await createSandbox();
    try {
      assert.deepEqual(await statuses(other), []);
    } finally {
      await other.close();
    }
  });
});

describe('two sessions that take DNS over', function () {
  this.timeout(60_000);
  const world = useSandbox();

  const WAYS = [
    ['nftables', 'nftables'],
    ['resolv.conf', 'resolv.conf'],
    ['nftables', 'resolv.conf'],
    ['resolv.conf', 'nftables'],
    ['auto', 'resolv.conf'],
  ] as const;
  for (const [older, newer] of WAYS) {
    for (const order of ['the newest', 'the oldest'] as const) {
      it(`leave public names alone, and the machine as it was (${older}, then ${newer}; ${order} ends)`, async () => {
        const { developer } = world.sandbox;
        const resolves = async (name: string, address: string): Promise<boolean> =>
          (await developer.run('getent', ['ahostsv4', name], { as: 'developer' })).stdout.startsWith(`${address} `);
        const check = async (when: string): Promise<void> => {
          // A change of resolv.conf is noticed a moment later.
          await poll(() => resolves('www.example.com', PUBLIC_WEB.v4), `a public name, ${when}`, 10_000);
          await poll(() => resolves('payment-service.default', service(1).v4), `a cluster name, ${when}`);
          // A question that was under way when the servers changed may cost the old one's patience.
          for (const end = performance.now() + NOTICED_MS; performance.now() < end;)
            assert.ok(await resolves('www.example.com', PUBLIC_WEB.v4), `a public name again, ${when}`);
          // Once each has noticed the other: questions that went round in circles would each cost it.
          for (let round = 0; round < 5; round++) {
            const start = performance.now();
            assert.ok(await resolves('www.example.com', PUBLIC_WEB.v4), `a public name at last, ${when}`);
            assert.ok(performance.now() - start < 1_000, `${performance.now() - start} ms, ${when}`);
          }
        };
        const before = await machineState(developer);
        const running: Session[] = [];
        try {
          for (const args of [
            ['--dns', older],
            [...SECOND, '--dns', newer],
          ])
            running.push(await up(world.sandbox, { args }).ready());
          await check('with both');
          for (const when of ['with one', null]) {
            await (order === 'the newest' ? running.pop() : running.shift())?.end();
            if (when !== null) await check(when);
          }
        } finally {
          await Promise.all(running.map((session) => session.end()));
        }
        assert.equal(difference(before, await machineState(developer)), '');
      });
    }
  }
});
