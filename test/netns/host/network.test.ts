import assert from 'node:assert/strict';
import type { NetworkState } from '../../../src/machine/network-state.ts';
import { HostRun, NETWORK } from '../support/host-run.ts';
import { Sandbox } from '../support/sandbox.ts';
import { askUdp, serveFar } from '../support/udp.ts';

describe('the host’s network', function () {
  this.timeout(30_000);
  let sandbox: Sandbox;
  beforeEach(async () => {
    sandbox = await Sandbox.open();
  });
  afterEach(() => sandbox.close());

  /** Device that a destination leaves by, or the error. */
  const path = async (...args: readonly string[]): Promise<string> => {
    const { stdout, stderr } = await sandbox.run('ip', 'route', 'get', ...args);
    return / dev (\S+)/.exec(stdout)?.[1] ?? stderr.trim();
  };
  const up = async (
    state: NetworkState,
    environment: NodeJS.ProcessEnv = {},
  ): Promise<[HostRun, readonly string[]]> => {
    const run = new HostRun(sandbox, { requests: [['network', state]], environment });
    const [warnings] = await run.replies();
    return [run, warnings as readonly string[]];
  };

  it('leads ranges into the TUN, and what is kept out of it the old way', async () => {
    const [run, warnings] = await up(NETWORK);
    assert.deepEqual(warnings, []);
    assert.equal(await path('10.96.7.8'), 'mirrord0');
    assert.equal(await path('10.244.0.255'), 'mirrord0');
    assert.equal(await path('fd00:96::8'), 'mirrord0');
    assert.equal(await path('10.96.0.1'), 'dev0');
    assert.equal(await path('10.97.0.1'), 'dev0');
    assert.equal(await path('10.96.7.8', 'ipproto', 'tcp', 'dport', '5432'), 'dev0');
    assert.equal(await path('10.96.7.8', 'ipproto', 'udp', 'dport', '5432'), 'mirrord0');
    assert.match(await path('fd00:244::7'), /No route to host/);
    const link = await sandbox.shell('ip -o link show mirrord0');
    assert.match(link, /mtu 1500 .* qlen 10000/);
    assert.match(link, /UP/);
    await run.stop();
  });

  it('changes from one state to the next, and takes the last one back', async () => {
    const run = new HostRun(sandbox, {
      requests: [
        ['network', NETWORK],
        [
          'network',
          {
            ...NETWORK,
            routes: ['10.98.0.0/16', '10.96.0.1/32', 'fd00:244::/64'],
            pins: ['10.98.1.0/24'],
            rules: [],
            unreachable: ['10.244.0.0/24'],
          },
        ],
      ],
    });
    assert.deepEqual(await run.replies(), [[], []]);
    assert.equal(await path('10.96.7.8'), 'dev0');
    assert.equal(await path('10.96.0.1'), 'mirrord0');
    assert.equal(await path('10.98.0.1'), 'mirrord0');
    assert.equal(await path('10.98.1.1'), 'dev0');
    assert.equal(await path('fd00:244::7'), 'mirrord0');
    assert.match(await path('10.244.0.7'), /No route to host/);
    await run.stop();
    assert.equal((await sandbox.shell('ip rule; ip -6 rule; ip route; ip -6 route')).includes('7300'), false);
  });

  it('lets more specific routes of the machine win, also later ones, and names them', async () => {
    await sandbox.shell('ip link add br0 type bridge; ip addr add 10.244.0.129/25 dev br0; ip link set br0 up');
    await sandbox.shell('ip route add 10.0.0.0/8 via 192.168.7.9; ip route add 10.96.0.0/16 via 192.168.7.9');
    const [run, warnings] = await up(NETWORK);
    assert.deepEqual(warnings.toSorted(), [
      '10.244.0.0/24 was routed to dev0 as part of 10.0.0.0/8 and goes to the cluster now.',
      "10.244.0.128/25 stays with br0: it is more specific than the cluster's 10.244.0.0/24.",
      '10.96.0.0/16 was routed to dev0 and goes to the cluster now; --exclude-route 10.96.0.0/16 leaves it there.',
      '10.96.0.0/16 was routed to dev0 as part of 10.0.0.0/8 and goes to the cluster now.',
    ]);
    assert.equal(await path('10.244.0.200'), 'br0');
    assert.equal(await path('10.244.0.5'), 'mirrord0');
    assert.equal(await path('10.96.1.1'), 'mirrord0');
    await sandbox.shell('ip route add 10.96.9.0/24 via 192.168.7.9');
    assert.equal(await path('10.96.9.1'), 'dev0');
    await run.stop();
  });

  it('refuses when nothing of a range would be left, and changes nothing', async () => {
    await sandbox.shell('ip route add 10.244.0.0/25 via 192.168.7.9; ip route add 10.244.0.128/25 via 192.168.7.9');
    const [run, refusal] = await up(NETWORK);
    const { code, message, help } = refusal as unknown as { code: string; message: string; help: string };
    assert.equal(code, 'range-taken');
    assert.match(message, /10\.244\.0\.0\/24.*dev0/);
    assert.match(help, /--exclude-route 10\.244\.0\.0\/24/);
    assert.equal(await path('10.96.7.8'), 'dev0');
    await run.stop();
  });

  it('works beside another VPN that takes everything', async () => {
    // The ways of OpenVPN (halves in main), WireGuard (a marked bypass) and Tailscale (a table before main).
    await sandbox.shell(`
      ip link add vpn0 type bridge; ip addr add 172.20.0.1/24 dev vpn0; ip link set vpn0 up
      ip route add 0.0.0.0/1 dev vpn0; ip route add 128.0.0.0/1 dev vpn0
      ip route add default dev vpn0 table 52; ip route add 10.96.64.0/24 dev vpn0 table 52
      ip rule add pref 5270 lookup 52
      ip route add default dev vpn0 table 51820
      ip rule add pref 32764 not fwmark 51820 lookup 51820
      ip rule add pref 32763 lookup main suppress_prefixlength 0
    `);
    const [run, warnings] = await up(NETWORK);
    assert.deepEqual(warnings, ["10.96.64.0/24 stays with vpn0: it is more specific than the cluster's 10.96.0.0/16."]);
    assert.equal(await path('10.96.7.8'), 'mirrord0');
    assert.equal(await path('10.96.64.8'), 'vpn0');
    assert.equal(await path('10.96.0.1'), 'vpn0');
    assert.equal(await path('9.9.9.9'), 'vpn0');
    await run.stop();
  });

  it('warns of a rule that leads a range elsewhere before ours is asked', async () => {
    await sandbox.shell(`
      ip link add vpn0 type bridge; ip addr add 172.20.0.1/24 dev vpn0; ip link set vpn0 up
      ip route add default dev vpn0 table 7120; ip rule add pref 110 to 10.96.0.0/16 lookup 7120
    `);
    const [run, warnings] = await up(NETWORK);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? '', /^10\.96\.0\.0\/16 goes to vpn0: a policy rule of another program comes before/);
    await run.stop();
  });

  it('routes everything, and leaves other VPNs’ own packets and bound sockets alone', async () => {
    const [run] = await up({ ...NETWORK, routes: ['0.0.0.0/0', '::/0'], pins: ['192.168.7.254/32'], unreachable: [] });
    assert.equal(await path('9.9.9.9'), 'mirrord0');
    assert.equal(await path('2001:db8::9'), 'mirrord0');
    assert.equal(await path('192.168.7.77'), 'dev0');
    assert.equal(await path('192.168.7.254'), 'dev0');
    assert.equal(await path('9.9.9.9', 'mark', '51820'), 'dev0');
    assert.equal(await path('9.9.9.9', 'from', '192.168.7.1'), 'dev0');
    assert.equal(await path('2001:db8::9', 'from', 'fd00:7::1'), 'dev0');
    await run.stop();
  });

  it('puts back rules that another program has flushed, and tells of changes', async () => {
    const [run] = await up(NETWORK);
    await sandbox.shell('ip rule flush; ip rule add pref 32766 lookup main; ip rule add pref 32767 lookup default');
    const deadline = performance.now() + 5_000;
    while ((await path('10.96.7.8')) !== 'mirrord0') assert.ok(performance.now() < deadline, 'not put back');
    assert.equal(await path('10.96.7.8', 'ipproto', 'tcp', 'dport', '5432'), 'dev0');
    await sandbox.shell('ip route replace default via 192.168.7.99');
    await run.event('changed', ({ changed }) => JSON.stringify(changed).includes('192.168.7.99'));
    assert.equal(await path('10.96.0.1'), 'dev0');
    await run.stop();
  });

  it('puts back what goes when the link is down for a moment, or its addresses and routes are flushed', async () => {
    const [run] = await up(NETWORK);
    const laid = async (): Promise<string> =>
      sandbox.shell('ip -o addr show dev mirrord0; for f in -4 -6; do ip $f route show table 7300 | sort; done');
    const before = await laid();
    for (const blow of [
      'ip link set mirrord0 down',
      'ip -4 addr flush dev mirrord0',
      'ip addr flush dev mirrord0',
      'ip route flush table 7300',
      'ip -6 route flush table 7300',
    ]) {
      await sandbox.shell(blow);
      const deadline = performance.now() + 5_000;
      let now = '';
      while ((now = await laid()) !== before) assert.ok(performance.now() < deadline, `${blow}: not put back\n${now}`);
      assert.equal(await path('10.96.7.8'), 'mirrord0', blow);
    }
    await run.stop();
  });

  it('goes on with IPv4 where new interfaces have no IPv6', async () => {
    await sandbox.shell('echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6');
    const [run, warnings] = await up(NETWORK);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? '', /IPv6 is disabled/);
    assert.equal(await path('10.96.7.8'), 'mirrord0');
    await run.stop();
  });

  it('refuses a range of another live session, and names both', async () => {
    const [first] = await up(NETWORK, { NAME: 'one' });
    const [second, refusal] = await up(
      { ...NETWORK, addresses: ['198.19.1.1/32'], routes: ['10.96.128.0/24'] },
      { NAME: 'two' },
    );
    const { code, message } = refusal as unknown as { code: string; message: string };
    assert.equal(code, 'sessions-overlap');
    assert.match(message, /^Session two .*session one/);
    // Asked ahead, the answer is the same, and what is free is kept.
    const other = new HostRun(sandbox, {
      requests: [
        ['reserve', ['10.96.128.0/24']],
        ['reserve', []],
        ['reserve', ['10.99.0.0/16']],
      ],
      environment: { NAME: 'four' },
    });
    const [taken, isAlone] = (await other.replies()) as [{ code: string }, boolean];
    assert.deepEqual([taken.code, isAlone], ['sessions-overlap', false]);
    const [fifth, kept] = await up(
      { ...NETWORK, addresses: ['198.19.1.1/32'], routes: ['10.99.1.0/24'] },
      { NAME: 'five' },
    );
    assert.match((kept as unknown as { message: string }).message, /^Session five .*session four/);
    await fifth.stop();
    await other.stop();
    await second.stop();
    const [third, warnings] = await up(
      { ...NETWORK, addresses: ['198.19.1.1/32'], routes: ['10.97.0.0/16'], pins: [], unreachable: [] },
      { NAME: 'three' },
    );
    assert.deepEqual(warnings, []);
    assert.equal(await path('10.97.0.1'), 'mirrord1');
    assert.equal(await path('10.96.7.8'), 'mirrord0');
    await first.stop();
    assert.equal(await path('10.97.0.1'), 'mirrord1');
    await third.stop();
  });

  it('says that a session of the same name is up, and leaves it alone', async () => {
    const [first] = await up(NETWORK);
    const second = new HostRun(sandbox);
    assert.equal((await second.event('end'))['end'], 'already-up');
    assert.equal(await path('10.96.7.8'), 'mirrord0');
    await first.stop();
  });

  for (const strict of ['0', '1']) {
    it(`carries UDP of unconnected sockets by every kind of rule, rp_filter ${strict}`, async () => {
      await sandbox.shell(`
        for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo ${strict} > $f; done
        ip netns exec far sh -ec '
          for a in 10.96.0.5 10.96.0.1 10.50.0.5; do ip addr add $a/32 dev lo; done
          ip addr add fd00:96::5/128 dev lo nodad; ip addr add fd00:50::5/128 dev lo nodad
        '
      `);
      for (const port of [53, 7777, 8888]) await serveFar(sandbox, '0.0.0.0', port, 'far');
      const rules = [
        { destination: '10.96.0.0/16', protocol: 'udp', port: 7777, side: 'local' },
        { destination: '0.0.0.0/0', protocol: 'udp', port: 8888, side: 'remote' },
      ] as const;
      const [run] = await up({ ...NETWORK, rules }, { BEHAVIOUR: 'echo' });
      assert.equal(await askUdp(sandbox, '10.96.0.5', 53), 'hello', 'routed');
      assert.equal(await askUdp(sandbox, '10.96.0.1', 53), 'far hello', 'pinned');
      assert.equal(await askUdp(sandbox, '10.96.0.5', 7777), 'far hello', 'local by port');
      assert.equal(await askUdp(sandbox, '10.50.0.5', 8888), 'hello', 'remote by port');
      assert.equal(await askUdp(sandbox, '10.50.0.5', 53), 'far hello', 'neither');
      assert.equal(await askUdp(sandbox, 'fd00:96::5', 53), 'hello', 'routed, IPv6');
      await run.stop();
    });

    it(`carries what a container behind a bridge sends, rp_filter ${strict}`, async () => {
      await sandbox.shell(`
        for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo ${strict} > $f; done
        echo 1 > /proc/sys/net/ipv4/ip_forward
        ip link add br0 type bridge; ip addr add 172.17.0.1/16 dev br0; ip link set br0 up
        ip netns add box; ip link add box0 type veth peer name eth0 netns box; ip link set box0 master br0 up
        ip netns exec box sh -ec 'ip addr add 172.17.0.2/16 dev eth0; ip link set eth0 up; ip link set lo up; ip route add default via 172.17.0.1'
      `);
      const [run] = await up(NETWORK, { BEHAVIOUR: 'echo' });
      const { stdout } = await sandbox.run(
        'sh',
        '-c',
        'echo inside | ip netns exec box timeout 2 nc -u -w 1 10.96.0.5 9999',
      );
      assert.equal(stdout, 'inside\n');
      await run.stop();
    });
  }
});
