import assert from 'node:assert/strict';
import { CLUSTER_DNS, DEVELOPER, GATEWAY, PUBLIC_DNS, service } from '../../../scripts/sandbox/addresses.ts';
import type { Outcome, Sandbox } from '../../../scripts/sandbox/index.ts';
import { createSandbox } from '../../../scripts/sandbox/index.ts';
import { Container } from '../support/container.ts';
import { mirrord, poll, statuses, up } from '../support/session.ts';

const WEB = `http://${service(1).v4}:8080/`;
const WEB6 = `http://[${service(1).v6}]:8080/`;
const NAME = 'payment-service.default.svc.cluster.local';

/** This machine forwards, and a neighbour on its LAN knows that. */
const FORWARDING = `
  echo 1 >/proc/sys/net/ipv4/ip_forward
  echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
  echo 0 >/proc/sys/net/ipv4/conf/all/rp_filter
  echo 0 >/proc/sys/net/ipv4/conf/eth0/rp_filter
`;
const NEIGHBOUR = `
  ip route add 10.96.0.0/16 via ${DEVELOPER.v4}
  ip route add 198.19.0.0/16 via ${DEVELOPER.v4}
  ip route add fd00:10:96::/112 via ${DEVELOPER.v6}
`;
/** As a shared connection does it: whatever leaves has the address of the interface by which it leaves. */
const MASQUERADE = `nft 'table inet shared { chain post { type nat hook postrouting priority srcnat; masquerade; }; }'`;

describe('other machines beside mirrord up', function () {
  this.timeout(60_000);
  let sandbox: Sandbox;
  beforeEach(async () => {
    sandbox = await createSandbox();
    await onMachine(FORWARDING);
    await onLan(NEIGHBOUR);
  });
  afterEach(() => sandbox.close());

  const onMachine = (script: string) => shell(sandbox.developer.run('sh', ['-ec', script]));
  const onLan = (script: string) => shell(sandbox.internet.run('sh', ['-ec', script]));
  const fromLan = (...args: string[]): Promise<Outcome> => sandbox.internet.run('curl', ['-sS', '-m', '2', ...args]);
  const askFromLan = async (server: string, ...more: string[]): Promise<string> => {
    const args = ['+short', '+timeout=1', '+tries=1', `@${server}`, NAME, ...more];
    return (await sandbox.internet.run('dig', args)).stdout.replaceAll(/^;.*\n/gm, '').trim();
  };
  const configured = async (forwarded: unknown): Promise<string[]> => {
    const text = JSON.stringify({ feature: { network: { outgoing: { forwarded } } } });
    await onMachine(`echo '${text}' >/run/home/mirrord.json`);
    return ['-f', '/run/home/mirrord.json'];
  };

  for (const [network, script] of [
    ['', 'true'],
    [' that it shares its connection with', MASQUERADE],
  ] as const) {
    it(`do not come in from a LAN${network}, and are counted`, async () => {
      await onMachine(script);
      const session = await up(sandbox, { args: ['--dns', 'nftables'] }).ready();
      assert.doesNotMatch(session.output, /open to/, 'there is nobody else');
      const before = (await statuses(sandbox))[0];
      assert.equal(before?.forwarded.text, 'open to this machine only');
      assert.equal(before?.forwarded.dropped, 0);
      for (const url of [WEB, WEB6]) assert.notEqual((await fromLan(url)).code, 0, url);
      const server = before?.dns.server ?? '';
      assert.equal(await askFromLan(server), '');
      assert.equal(await askFromLan(server, '+tcp'), '');
      assert.equal(await askFromLan(CLUSTER_DNS.v4), '', 'the cluster’s own name server');
      assert.equal((await sandbox.developer.run('curl', ['-sS', '-m', '5', WEB], { as: 'developer' })).code, 0);
      assert.ok(Number((await statuses(sandbox))[0]?.forwarded.dropped) > 4);
      assert.match((await mirrord(sandbox, ['status'])).stdout, /^ +dropped +\d+ packets of other machines$/m);
      await session.end();
    });
  }

  it('do not come in with the address of a container', async () => {
    await Container.start(sandbox);
    const session = await up(sandbox).ready();
    await onLan('ip address add 172.17.0.9/32 dev lan');
    await fromLan('--interface', '172.17.0.9', WEB);
    const [status] = await statuses(sandbox);
    assert.ok(Number(status?.forwarded.dropped) > 0);
    assert.deepEqual(status?.matches, [], 'no flow came of them');
    await session.end();
  });

  it('do not come in by a bridge that is part of their LAN, unlike containers on a bridge of this machine’s', async () => {
    const container = await Container.start(sandbox);
    // A macvlan stands for the network card: here eth0 is a veth.
    await onMachine(`
      ip link add br0 type bridge; ip link set br0 addrgenmode none up
      ip link add link eth0 name card0 type macvlan mode passthru; ip link set card0 addrgenmode none up master br0
      ip address flush dev eth0
      ip address add ${DEVELOPER.v4}/24 dev br0; ip address add ${DEVELOPER.v6}/64 dev br0 nodad
      ip route add default via ${GATEWAY.v4}
    `);
    const session = await up(sandbox, { args: ['--dns', 'nftables'] }).ready();
    assert.match(
      session.output,
      /^✔ others {4}open to this machine and its bridges docker0; not to br0, which has the uplink card0$/m,
    );
    assert.notEqual((await fromLan(WEB)).code, 0);
    assert.equal((await container.run('curl', '-sS', '-m', '5', WEB)).code, 0);
    await session.end();
  });

  it('do not come in by a bridge that a cable joins to one of their LAN', async () => {
    await Container.start(sandbox);
    await onMachine(`
      ip link add br0 type bridge; ip link set br0 addrgenmode none up
      ip link add link eth0 name card0 type macvlan mode passthru; ip link set card0 addrgenmode none up master br0
      ip link add patch0 type veth peer name patch1
      ip link set patch0 addrgenmode none up master br0; ip link set patch1 addrgenmode none up master docker0
      ip address flush dev eth0
      ip address add ${DEVELOPER.v4}/24 dev docker0
    `);
    await poll(
      async () => (await sandbox.internet.run('ping', ['-c1', '-W1', DEVELOPER.v4])).code === 0,
      'it is joined',
    );
    const session = await up(sandbox, { args: ['--dns', 'off'] }).ready();
    assert.match(
      session.output,
      /^✔ others {4}open to this machine only; not to docker0, which has the uplink patch1; not to br0, which has the uplink card0$/m,
    );
    assert.notEqual((await fromLan(WEB)).code, 0);
    await session.end();
  });

  it('come in from a bridge as soon as it is there, and no longer when it is gone or leads out', async () => {
    const session = await up(sandbox, { args: ['--dns', 'nftables'] }).ready();
    const container = await Container.start(sandbox);
    const reaches = async (): Promise<boolean> => (await container.run('curl', '-sS', '-m', '1', WEB)).code === 0;
    await poll(reaches, 'the container reaches the cluster');
    await poll(async () => (await container.ask(NAME, PUBLIC_DNS.v4)) === service(1).v4, 'and its names');
    await onMachine('ip link add link eth0 name card0 type macvlan; ip link set card0 master docker0');
    await poll(async () => !(await reaches()), 'the bridge leads out');
    await session.end();
  });

  it('stay out with "off", containers, too', async () => {
    const container = await Container.start(sandbox);
    const session = await up(sandbox, { args: await configured('off') }).ready();
    assert.match(
      session.output,
      /^✔ others {4}open to this machine only \(feature\.network\.outgoing\.forwarded is "off"\)$/m,
    );
    assert.notEqual((await container.run('curl', '-sS', '-m', '2', WEB)).code, 0);
    assert.equal(await container.ask(NAME, PUBLIC_DNS.v4), '');
    await session.end();
  });

  it('come in when their range is listed, and no others', async () => {
    const listed = await configured([`${GATEWAY.v4}/32`, '198.51.100.0/30', '2001:db8:100::/64']);
    const session = await up(sandbox, { args: ['--dns', 'nftables', ...listed] }).ready();
    for (const url of [WEB, WEB6]) assert.equal((await fromLan(url)).code, 0, url);
    const server = (await statuses(sandbox))[0]?.dns.server ?? '';
    assert.equal(await askFromLan(server), service(1).v4);
    assert.notEqual((await fromLan('--interface', PUBLIC_DNS.v4, WEB)).code, 0);
    await session.end();
  });

  it('are not answered by the resolver’s loopback port, where the kernel takes their packets for 127.0.0.1', async () => {
    const session = await up(sandbox, { args: ['--dns', 'nftables'] }).ready();
    const port = /redirect to :(\d+)/.exec(await onMachine('nft list ruleset'))?.[1] ?? '';
    await onMachine('echo 1 >/proc/sys/net/ipv4/conf/all/route_localnet');
    await onLan(`
      echo 1 >/proc/sys/net/ipv4/conf/all/route_localnet
      ip address del 127.0.0.1/8 dev lo
      ip route add 127.0.0.1/32 via ${DEVELOPER.v4}
    `);
    assert.equal(await onMachine(`dig +short +timeout=2 -p ${port} @127.0.0.1 ${NAME}`), `${service(1).v4}\n`);
    for (const transport of ['+notcp', '+tcp']) {
      assert.equal(await askFromLan('127.0.0.1', '-p', port, transport), '', transport);
    }
    await session.end();
  });
});

async function shell(running: Promise<Outcome>): Promise<string> {
  const { code, stdout, stderr } = await running;
  assert.equal(code, 0, stderr + stdout);
  return stdout;
}
