import assert from 'node:assert/strict';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { DnsState } from '../../../src/machine/dns-state.ts';
import { DNS, HostRun, NETWORK } from '../support/host-run.ts';
import { openResolved } from '../support/resolved.ts';
import { Sandbox } from '../support/sandbox.ts';
import { folderOf } from '../support/session-place.ts';
import { snapshot, snapshotEquals } from '../support/snapshot.ts';

const CLUSTER = '10.96.0.77';
const UPSTREAM = '93.184.216.34';
const SERVER = join(import.meta.dirname, '../support/dns-server.ts');
const HOP_QUESTION = join(import.meta.dirname, '../support/hop-question.ts');

describe('the host’s DNS', function () {
  this.timeout(40_000);
  let sandbox: Sandbox;
  afterEach(() => sandbox.close());

  const serve = async (
    through: readonly string[],
    ...args: readonly string[]
  ): Promise<ChildProcessWithoutNullStreams> => {
    const [command = '', ...rest] = [...through, process.execPath, SERVER, ...args];
    const child = sandbox.spawn(command, rest);
    await once(child.stdout, 'data');
    return child;
  };
  const far = ['ip', 'netns', 'exec', 'far'];

  const up = async (dns: Partial<DnsState>): Promise<[HostRun, { mode: string; reason: string; code?: string }]> => {
    const run = new HostRun(sandbox, {
      requests: [
        ['network', { ...NETWORK, routes: NETWORK.routes.slice(1) }],
        ['asked', { domains: [], everything: dns.everything ?? false }],
        ['dns', { ...DNS, ...dns }],
      ],
    });
    const [, , result] = await run.replies();
    return [run, result as { mode: string; reason: string }];
  };
  const dig = async (...args: readonly string[]): Promise<string> =>
    (await sandbox.run('dig', '+short', '+timeout=2', '+tries=1', ...args)).stdout.trim();
  /** By UDP, with this hop limit, as root or another user who may read the checkout anywhere. */
  const askWith = async (hopLimit: number, server = '192.168.7.254', uid = 0): Promise<string> => {
    const rights = '+dac_read_search';
    const become = ['--reuid', String(uid), '--clear-groups', `--ambient-caps=${rights}`, `--inh-caps=${rights}`];
    const question = [process.execPath, HOP_QUESTION, server, String(hopLimit)];
    return (await sandbox.run('setpriv', ...become, ...question)).stdout.trim();
  };
  const getent = async (name: string): Promise<string> =>
    (await sandbox.run('getent', 'ahostsv4', name)).stdout.split(' ')[0] ?? '';

  describe('nftables', () => {
    beforeEach(async () => {
      // Where there are no cgroups, the resolver's own questions are told by user and hop limit; else see outside.test.ts.
      sandbox = await Sandbox.open("sed -i '/^search/d' /etc/resolv.conf; mount -t tmpfs none /sys/fs/cgroup");
      await serve(far, '192.168.7.254', '53', UPSTREAM);
      await serve([], '127.0.0.1', '5300', CLUSTER);
      await serve([], '::1', '5300', CLUSTER);
    });

    it('is chosen where no systemd-resolved runs, and says why', async () => {
      const [run, { mode, reason }] = await up({});
      assert.equal(mode, 'nftables');
      assert.match(reason, /nftables redirect of questions to 192\.168\.7\.254;.*systemd-resolved is not running/);
      await run.stop();
    });

    it('leaves the field to resolv.conf where the machine has a search list, unless that cannot be written', async () => {
      await sandbox.shell("echo 'search home.example' >> /etc/resolv.conf");
      const [run, { mode, reason }] = await up({});
      assert.equal(mode, 'resolv.conf');
      assert.match(reason, /web\.home\.example hides the service web/);
      await run.stop();
      await sandbox.shell('mount --bind /etc/resolv.conf /etc/resolv.conf; mount -o remount,bind,ro /etc/resolv.conf');
      const [other, told] = await up({});
      assert.equal(told.mode, 'nftables');
      assert.match(told.reason, /note: .*web\.home\.example hides the service web.*cannot be written/);
      await other.stop();
    });

    it('takes questions to this machine’s own servers, by UDP and TCP, IPv4 and IPv6, and to no other', async () => {
      await sandbox.shell(`
        ip netns exec far ip addr add 192.168.7.253/24 dev far0
        printf 'nameserver 192.168.7.254\\nnameserver fd00:7::ffff\\n' > /etc/resolv.conf
      `);
      await serve(far, '192.168.7.253', '53', UPSTREAM);
      const [run] = await up({ mode: 'nftables' });
      assert.equal(await getent('payments.default.svc.cluster.local'), CLUSTER);
      for (const way of ['+notcp', '+tcp']) {
        for (const server of ['192.168.7.254', 'fd00:7::ffff']) {
          assert.equal(await dig(way, `@${server}`, 'a.example'), CLUSTER, `${server} ${way}`);
        }
        assert.equal(await dig(way, '@192.168.7.253', 'a.example'), UPSTREAM, `another server ${way}`);
      }
      await run.stop();
      assert.equal(await dig('@192.168.7.254', 'a.example'), UPSTREAM);
    });

    it('leaves to those servers what is no plain question, also where one socket asks both', async () => {
      const [run] = await up({ mode: 'nftables' });
      const from = ['-b', '192.168.7.1#40901', '@192.168.7.254'];
      for (let round = 0; round < 2; round++) {
        assert.equal(await dig(...from, 'a.example'), CLUSTER);
        assert.equal(await dig(...from, '+norecurse', 'a.example'), UPSTREAM);
        assert.equal(await dig(...from, '+opcode=notify', 'a.example'), UPSTREAM);
      }
      await run.stop();
    });

    it('takes no server’s questions on the session’s word alone', async () => {
      await sandbox.shell('ip netns exec far ip addr add 192.168.7.253/24 dev far0');
      await serve(far, '192.168.7.253', '53', UPSTREAM);
      const [run] = await up({ mode: 'nftables', redirects: [{ server: '192.168.7.253', port: 5300 }] });
      assert.equal(await dig('@192.168.7.253', 'a.example'), UPSTREAM);
      await run.stop();
    });

    it('leaves the field to resolv.conf where a name server is a link-local address', async () => {
      await sandbox.shell("printf 'nameserver fe80::1%%dev0\\n' > /etc/resolv.conf");
      const [run, { mode, reason }] = await up({});
      assert.equal(mode, 'resolv.conf');
      assert.match(reason, /fe80::1%dev0 is a link-local address/);
      await run.stop();
    });

    it('lets the resolver’s own questions through', async () => {
      await sandbox.shell("printf 'nameserver 192.168.7.254\\nnameserver fd00:7::ffff\\n' > /etc/resolv.conf");
      const [run] = await up({ mode: 'nftables' });
      assert.equal(await askWith(100), UPSTREAM);
      // Nobody listens there.
      assert.equal(await askWith(100, 'fd00:7::ffff'), '');
      assert.equal(await askWith(101, 'fd00:7::ffff'), CLUSTER);
      assert.equal(await dig('@192.168.7.254', '-b', '0.0.0.0#40002', 'a.example'), CLUSTER);
      assert.equal(await dig('+tcp', '@192.168.7.254', '-b', '0.0.0.0#40002', 'a.example'), UPSTREAM);
      await run.stop();
    });

    it('lets nobody else’s through, whoever asks from which port with which hop limit', async () => {
      const [run] = await up({ mode: 'nftables' });
      for (const hopLimit of [1, 64, 99, 101, 128, 255]) assert.equal(await askWith(hopLimit), CLUSTER, `${hopLimit}`);
      assert.equal(await askWith(100, '192.168.7.254', 4242), CLUSTER, 'another user');
      const byTcp = 'dig +short +timeout=2 +tries=1 +tcp @192.168.7.254 -b 0.0.0.0#40002 a.example';
      const stdout = await sandbox.shell(`setpriv --reuid=4242 --clear-groups ${byTcp}`);
      assert.equal(stdout.trim(), CLUSTER, 'another user by TCP');
      await run.stop();
    });

    it('changes the way of a program that asks from one socket all its life, and changes it back', async () => {
      // Docker's tables keep connection tracking on while no session is up.
      const other =
        'table ip other { chain out { type nat hook output priority -100; ip daddr 192.0.2.1 dnat to 192.0.2.2; }; }';
      await sandbox.shell(`nft '${other}'`);
      const ask = (): Promise<string> => dig('@192.168.7.254', '-b', '0.0.0.0#40900', 'a.example');
      for (let round = 0; round < 2; round++) {
        assert.equal(await ask(), UPSTREAM);
        const [run] = await up({ mode: 'nftables' });
        assert.equal(await ask(), CLUSTER);
        await run.stop();
      }
      assert.equal(await ask(), UPSTREAM);
    });

    it('does not go round in circles with a DNS server on this machine', async () => {
      await sandbox.shell("printf 'nameserver 127.0.0.2\\n' > /etc/resolv.conf");
      // A caching server of the user `daemon`, which asks the far one from any port, and may read the checkout anywhere.
      const rights = '+net_bind_service,+dac_read_search';
      await serve(
        ['setpriv', '--reuid=1', '--clear-groups', `--ambient-caps=${rights}`, `--inh-caps=${rights}`],
        '127.0.0.2',
        '53',
        '',
        '0',
        '192.168.7.254',
      );
      const [run, { mode }] = await up({});
      assert.equal(mode, 'nftables');
      assert.equal(await dig('@127.0.0.2', 'a.example'), CLUSTER);
      assert.equal(await askWith(100, '127.0.0.2'), UPSTREAM);
      await run.stop();
    });

    it('leaves the field to resolv.conf when it listens as root at an address of this machine', async () => {
      await sandbox.shell("printf 'nameserver 192.168.7.1\\n' > /etc/resolv.conf");
      await serve([], '192.168.7.1', '53', '', '0', '192.168.7.254');
      const [run, { mode, reason }] = await up({});
      assert.equal(mode, 'resolv.conf');
      assert.match(reason, /192\.168\.7\.1 runs as root/);
      await run.stop();
    });

    it('keeps no history of what nft was told', async () => {
      const run = new HostRun(sandbox, {
        requests: [['dns', { ...DNS, mode: 'nftables' }]],
        environment: { HOME: '/run' },
      });
      await run.replies();
      // nft writes it at the end of its input, which a killed host ends.
      run.signal('SIGKILL');
      await sandbox.shell('for _ in $(seq 100); do pgrep -r S,R -x nft || break; sleep 0.02; done');
      assert.equal((await sandbox.shell('ls -A /run')).includes('.nft'), false);
    });

    it('leaves the field to resolv.conf when that server listens as root', async () => {
      await sandbox.shell("printf 'nameserver 127.0.0.2\\n' > /etc/resolv.conf");
      await serve([], '127.0.0.2', '53', '', '0', '192.168.7.254');
      const [run, { mode, reason }] = await up({});
      assert.equal(mode, 'resolv.conf');
      assert.match(reason, /127\.0\.0\.2 runs as root/);
      await run.stop();
    });

    it('comes before another redirect, and names it', async () => {
      await sandbox.shell(`nft -f - <<E
        table ip other { chain out { type nat hook output priority -100; udp dport 53 redirect to :5353; }; }
E`);
      const [run, { reason }] = await up({ mode: 'nftables' });
      assert.match(reason, /in front of the redirect of ip other/);
      assert.equal(await dig('@192.168.7.254', 'a.example'), CLUSTER);
      await run.stop();
    });

    it('follows a change of the state, and ends the session when its process is killed', async () => {
      const run = new HostRun(sandbox, {
        requests: [
          ['network', NETWORK],
          ['dns', { ...DNS, mode: 'nftables' }],
          ['dns', { ...DNS, mode: 'nftables', exempt: { hopLimit: 110, tcp: [] } }],
        ],
      });
      await run.replies();
      assert.equal(await askWith(110), UPSTREAM);
      assert.equal(await askWith(100), CLUSTER);
      await sandbox.shell('pkill -9 -x nft');
      assert.equal(((await run.event('end'))['error'] as { code: string }).code, 'redirect-lost');
    });
  });

  describe('resolv.conf', () => {
    beforeEach(async () => {
      sandbox = await Sandbox.open();
      await serve(far, '0.0.0.0', '53', UPSTREAM);
    });

    const SHAPES: Record<string, string> = {
      'a file': 'chmod 640 /etc/resolv.conf; chown 1:1 /etc/resolv.conf',
      'a symbolic link': 'mkdir /run/x; mv /etc/resolv.conf /run/x/; ln -s ../run/x/resolv.conf /etc/resolv.conf',
      'a link that leads nowhere': 'rm /etc/resolv.conf; ln -s ../run/nowhere /etc/resolv.conf',
      'a bind mount': 'cp /etc/resolv.conf /run/bound; mount --bind /run/bound /etc/resolv.conf',
      'nothing at all': 'rm /etc/resolv.conf',
    };
    for (const [shape, script] of Object.entries(SHAPES)) {
      it(`replaces ${shape}, and brings it back`, async () => {
        await sandbox.shell(script);
        const before = await snapshot(sandbox);
        const [run, { mode }] = await up({ mode: 'resolv.conf' });
        assert.equal(mode, 'resolv.conf');
        const text = await sandbox.shell('cat /etc/resolv.conf');
        assert.match(text, /^nameserver 198\.19\.0\.53\nsearch default\.svc\.cluster\.local svc\.cluster\.local/m);
        if (shape === 'a file') assert.match(text, / home\.example\noptions timeout:1 attempts:1\n/);
        await run.stop();
        assert.equal(await snapshot(sandbox), before);
      });
    }

    it('keeps naming the machine’s own servers as upstreams', async () => {
      const run = new HostRun(sandbox, {
        requests: [['network', NETWORK], ['dns', { ...DNS, mode: 'resolv.conf' }], ['facts']],
      });
      const facts = (await run.replies())[2] as { dns: { servers: string[]; search: string[] } };
      assert.deepEqual(facts.dns.servers, ['192.168.7.254']);
      assert.deepEqual(facts.dns.search, ['home.example']);
      await run.stop();
    });

    it('leaves what another program has written meanwhile, and says so', async () => {
      const [run] = await up({ mode: 'resolv.conf' });
      await sandbox.shell("printf 'nameserver 192.168.7.9\\n' > /etc/resolv.conf");
      await run.event('changed', ({ changed }) => JSON.stringify(changed).includes('192.168.7.9'));
      await run.stop();
      assert.equal(await sandbox.shell('cat /etc/resolv.conf'), 'nameserver 192.168.7.9\n');
      assert.match(run.output, /was changed by another program in the meantime/);
    });

    it('says that it cannot be written', async () => {
      await sandbox.shell('mount --bind /etc/resolv.conf /etc/resolv.conf; mount -o remount,bind,ro /etc/resolv.conf');
      const [run, { code }] = await up({ mode: 'resolv.conf' });
      assert.equal(code, 'resolv-conf-unwritable');
      await run.stop();
    });
  });

  describe('systemd-resolved', () => {
    beforeEach(async () => {
      sandbox = await openResolved();
      await serve(far, '0.0.0.0', '53', UPSTREAM);
    });
    /** What the stack would answer; on the TUN, since resolved may ask by the link that it was told of and by no other. */
    const serveCluster = async (): Promise<void> => {
      await sandbox.shell('ip addr add 198.19.0.53/32 dev mirrord0');
      await serve([], '198.19.0.53', '53', CLUSTER);
    };

    it('is chosen, and gets cluster names and nothing else', async () => {
      const before = await snapshot(sandbox);
      const [run, { mode, reason }] = await up({});
      assert.equal(mode, 'resolved');
      assert.equal(reason, 'systemd-resolved, link mirrord0');
      await serveCluster();
      assert.equal(await getent('payments.default.svc.cluster.local'), CLUSTER);
      assert.equal(await getent('payments'), CLUSTER);
      assert.equal(await getent('payments.default'), CLUSTER);
      assert.equal(await dig('@127.0.0.53', 'db.prod.svc'), CLUSTER);
      assert.equal(await getent('www.example.com'), UPSTREAM);
      assert.match(await sandbox.shell('resolvectl default-route mirrord0'), /: no/);
      await run.stop();
      assert.equal(await snapshot(sandbox), before);
      assert.equal(await getent('www.example.com'), UPSTREAM);
    });

    it('gets every name when asked to', async () => {
      const [run] = await up({ everything: true });
      await serveCluster();
      assert.equal(await getent('www.example.com'), CLUSTER);
      await run.stop();
    });

    it('warns of another link that claims the same names', async () => {
      await sandbox.shell(`
        ip link add vpn0 type bridge; ip link set vpn0 addrgenmode none
        ip addr add 172.20.0.1/24 dev vpn0; ip link set vpn0 up; resolvectl domain vpn0 '~cluster.local'
      `);
      const [run, { reason }] = await up({});
      assert.match(reason, /claimed by vpn0 \(~cluster\.local\)/);
      await run.stop();
    });

    it('names the real upstreams, never its stub nor us', async () => {
      const run = new HostRun(sandbox, { requests: [['facts'], ['network', NETWORK], ['dns', DNS], ['facts']] });
      const [before, , , after] = (await run.replies()) as { dns: { servers: string[]; resolved: boolean } }[];
      assert.deepEqual(before?.dns.servers, ['192.168.7.254']);
      assert.equal(before?.dns.resolved, true);
      assert.deepEqual(after?.dns.servers, ['192.168.7.254']);
      await run.stop();
    });

    it('is left for nftables when resolv.conf leads elsewhere', async () => {
      await sandbox.shell("rm /etc/resolv.conf; printf 'nameserver 192.168.7.254\\n' > /etc/resolv.conf");
      const [run, { mode, reason }] = await up({});
      assert.equal(mode, 'nftables');
      assert.match(reason, /does not point to systemd-resolved/);
      await run.stop();
    });

    it('has the cluster’s suffixes in front of those of every other link, whenever they change', async () => {
      const stub = async (): Promise<string> => sandbox.shell('grep ^search /run/systemd/resolve/stub-resolv.conf');
      const links = (names: readonly string[]): Promise<string> =>
        sandbox.shell(
          names
            .map(
              (name) => `ip link add ${name} type bridge; ip link set ${name} addrgenmode none; ip link set ${name} up
              resolvectl domain ${name} ${name}.example; resolvectl dns ${name} 172.20.0.1`,
            )
            .join('\n'),
        );
      await links(['vpn0', 'vpn1', 'vpn2', 'vpn3']);
      const [run] = await up({});
      assert.match(await stub(), /^search default\.svc\.cluster\.local svc\.cluster\.local (vpn\d\.example ?){4}$/m);
      await links(['vpn4', 'vpn5', 'vpn6', 'vpn7']);
      await run.event('changed', ({ changed }) => JSON.stringify(changed).includes('vpn7.example'));
      await run.stop();
    });

    it('says that its settings were taken away, for them to be put back', async () => {
      const [run] = await up({});
      await sandbox.shell('resolvectl revert mirrord0');
      await run.event('changed', ({ changed }) => JSON.stringify(changed).includes('"overwritten":true'));
      await run.stop();
    });

    it('writes its files anew when a journal says so, and keeps the settings of every other link', async () => {
      // As resolved 255 leaves it when the link goes; others write it themselves.
      await sandbox.shell(`
        ip link add vpn0 type bridge; ip link set vpn0 addrgenmode none; ip link set vpn0 up
        resolvectl domain vpn0 corp.example; resolvectl dns vpn0 172.20.0.1
      `);
      const before = await snapshot(sandbox);
      const folder = folderOf(sandbox.pid);
      const stale = `
        echo 'search default.svc.cluster.local' >> /run/systemd/resolve/stub-resolv.conf
        mkdir -p ${folder}; touch ${folder}/resolved
        echo '{"pid":1,"start":"0","networkNamespace":"'$(readlink /proc/self/ns/net)'"}' > ${folder}/owner.json
      `;
      const restore = join(import.meta.dirname, '../../../src/host/restore-entry.ts');
      // The second time a play-back was killed in the middle.
      for (const more of ['', 'ip tuntap add dev mirrord-dns mode tun']) {
        await sandbox.shell(stale + more);
        const { code, stderr } = await sandbox.run(process.execPath, restore, 'default');
        assert.equal(code, 0, stderr);
        assert.equal(await snapshot(sandbox), before);
      }
      const links = await sandbox.shell('ip -o link show');
      await sandbox.shell(
        `${stale} pkill -x systemd-resolve; while pgrep -r R,S -x systemd-resolve; do sleep 0.02; done`,
      );
      assert.deepEqual(await sandbox.run(process.execPath, restore, 'default'), { code: 0, stdout: '', stderr: '' });
      assert.equal(await sandbox.shell('ip -o link show'), links);
    });

    for (const victim of ['host', 'session', 'both'] as const) {
      it(`comes back after kill -9 of the ${victim}`, async () => {
        const before = await snapshot(sandbox);
        const [run] = await up({});
        const session = run.sessionPid();
        if (victim !== 'session') run.signal('SIGKILL');
        if (victim !== 'host') process.kill(session, 'SIGKILL');
        const { last } = await snapshotEquals(sandbox, before);
        assert.equal(last, before);
      });
    }
  });
});
