import assert from 'node:assert/strict';
import { join } from 'node:path';
import { service } from '../../../scripts/sandbox/addresses.ts';
import { must } from '../../../scripts/sandbox/command.ts';
import { namespaceName } from '../../../scripts/sandbox/leftovers.ts';
import { up, useSandbox } from '../support/session.ts';

const MTU = 1400;

/** A routed container, without a bridge: its packets come in by their source. */
const RANGES = ['172.17.0.0/24', 'fd00:17::/64'];
const CONFIG = JSON.stringify({ feature: { network: { outgoing: { forwarded: RANGES } } } });
/** Its link has a smaller MTU than the TUN's, and its kernel checks every checksum. */
const MACHINE = `
  sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
  ip link set narrow0 addrgenmode none mtu ${MTU} up
  ip address add 172.17.0.1/24 dev narrow0
  ip address add fd00:17::1/64 dev narrow0 nodad
`;
const CONTAINER = `
  ip link set lo up
  ip link set eth0 mtu ${MTU} up
  ip address add 172.17.0.2/24 dev eth0
  ip address add fd00:17::2/64 dev eth0 nodad
  ip route add default via 172.17.0.1
  ip -6 route add default via fd00:17::1
`;

describe('mirrord up, containers behind a narrower link', function () {
  this.timeout(60_000);
  const world = useSandbox();
  const inside = (): string[] => [`--net=/run/netns/${namespaceName(world.sandbox.id, 'narrow')}`];

  before(async () => {
    const { id, developerPid } = world.sandbox;
    const name = namespaceName(id, 'narrow');
    await must('ip', ['netns', 'add', name]);
    await must('ip', [
      'link',
      'add',
      'narrow0',
      'netns',
      String(developerPid),
      'type',
      'veth',
      'peer',
      'name',
      'eth0',
      'netns',
      name,
    ]);
    await must('nsenter', ['--target', String(developerPid), '--net', 'sh', '-ec', MACHINE]);
    await must('nsenter', [...inside(), 'sh', '-ec', CONTAINER]);
    await world.sandbox.developer.run('sh', ['-ec', `echo '${CONFIG}' >/run/home/mirrord.json`]);
    await up(world.sandbox, { args: ['-f', '/run/home/mirrord.json'] }).ready();
  });

  for (const [family, address] of Object.entries(service(4))) {
    it(`datagrams of every size come back (${family})`, async () => {
      const program = join(import.meta.dirname, '../support/udp-echo.ts');
      const echo = (...sizes: number[]): Promise<string> =>
        must('nsenter', [...inside(), process.execPath, program, address, '7', ...sizes.map(String)]);
      // Over IPv6 no router cuts: the first that is too long is lost, and tells.
      if (family === 'v6') await echo(1400);
      const sizes = [1, 1300, 1353, 1372, 1373, 1400, 1452, 1472, 1473, 4000, 65_000];
      assert.equal(await echo(...sizes), `ok ${sizes.length}\n`);
    });

    it(`ping of the TUN's size is answered (${family})`, async () => {
      await must('nsenter', [...inside(), 'ping', '-c', '1', '-W', '3', '-s', '1430', address]);
    });
  }
});
