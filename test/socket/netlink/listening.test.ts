import assert from 'node:assert/strict';
import { readdirSync, readlinkSync } from 'node:fs';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { describe, it } from 'mocha';
import { loadAddon } from '../../../src/native/addon.ts';
import { TCP_STATES, tcpSockets } from '../../../src/netlink/sock-diag.ts';
import { NETLINK, NetlinkSocket } from '../../../src/netlink/socket.ts';

const ownInodes = (): ReadonlySet<string> =>
  new Set(
    readdirSync('/proc/self/fd').flatMap((fd) => {
      try {
        return [readlinkSync(`/proc/self/fd/${fd}`)];
      } catch {
        return []; // the descriptor with which the folder was read
      }
    }),
  );

describe('sockets that listen on this machine', () => {
  const socket = new NetlinkSocket(loadAddon().openNetlink(NETLINK.sockDiag));
  const places = [
    ['127.0.0.1', 'IPv4', [127, 0, 0, 1]],
    ['0.0.0.0', 'IPv4', [0, 0, 0, 0]],
    ['::1', 'IPv6', [...Array<number>(15).fill(0), 1]],
    ['::', 'IPv6', Array<number>(16).fill(0)],
  ] as const;

  for (const [host, family, address] of places) {
    it(`are found by port, at ${host}, with the program's own number for them`, async () => {
      const server = createServer().listen(0, host);
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      const found = tcpSockets(socket, TCP_STATES.listen).filter((each) => each.port === port);
      assert.deepEqual(
        found.map((each) => [each.family, [...each.address]]),
        [[family, [...address]]],
      );
      assert.ok(ownInodes().has(`socket:[${found[0]?.inode}]`));
      server.close();
      await once(server, 'close');
      assert.deepEqual(
        tcpSockets(socket, TCP_STATES.listen).filter((each) => each.port === port),
        [],
      );
    });
  }

  it('are told apart from connections, whose idle time is known', async () => {
    const server = createServer((accepted) => accepted.resume()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const client = connect(port, '127.0.0.1');
    await once(client, 'connect');
    client.write('x');
    const connections = tcpSockets(socket, TCP_STATES.established, true).filter((each) => each.port === port);
    assert.equal(connections.length, 1);
    assert.ok((connections[0]?.idleMs ?? Infinity) < 5_000);
    client.destroy();
    server.close();
  });
});
