import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { on, once } from 'node:events';
import { readdirSync } from 'node:fs';
import type { FlowDatagrams } from '../../../src/mux/flow.ts';
import type { Tunnel } from '../../../src/peer/tunnel.ts';
import { startAgent, until } from '../support/agent-process.ts';
import type { RunningAgent } from '../support/agent-process.ts';

/** A program's socket that no flow came from yet. */
let sockets = 0;
const newSocket = (): string => `10.0.0.1 ${++sockets}`;

describe('UDP through the agent', () => {
  let agent: RunningAgent;
  let tunnel: Tunnel;
  const servers: Socket[] = [];

  before(async () => {
    agent = await startAgent();
    tunnel = await agent.tunnel();
  });
  after(async () => {
    for (const socket of servers) socket.close();
    tunnel.close();
    await agent.stop();
    assert.deepEqual(
      agent.events.filter(({ event }) => event === 'defect'),
      [],
    );
  });

  async function echoServer(host: string): Promise<number> {
    const socket = createSocket(host === '::1' ? 'udp6' : 'udp4');
    servers.push(socket);
    socket.on('message', (message, { port, address }) => socket.send(message, port, address));
    socket.bind(0, host);
    await once(socket, 'listening');
    return socket.address().port;
  }

  /** A socket that tells who has sent to it, one datagram after the other. */
  async function witness(host: string) {
    const socket = createSocket(host === '::1' ? 'udp6' : 'udp4');
    servers.push(socket);
    socket.bind(0, host);
    const senders = on(socket, 'message');
    await once(socket, 'listening');
    const next = async (): Promise<{ address: string; port: number }> => {
      const { value } = (await senders.next()) as { value: [Buffer, { address: string; port: number }] };
      return { address: value[1].address, port: value[1].port };
    };
    return { socket, port: socket.address().port, next };
  }

  const send = (socket: Socket, text: string, port: number): Promise<unknown> =>
    new Promise((sent) => socket.send(text, port, '127.0.0.1', sent));

  const descriptors = (): number => readdirSync(`/proc/${agent.child.pid}/fd`).length;

  function exchange(host: string, port: number, payload: Uint8Array): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const flow = tunnel.datagrams(host, port, newSocket());
      flow.onDatagram = (answer) => {
        resolve(answer);
        flow.close();
      };
      flow.onClosed = (errno) => reject(new Error(String(errno)));
      flow.send(payload);
    });
  }

  for (const host of ['127.0.0.1', '::1']) {
    it(`carries datagrams of every size, ${host}`, async () => {
      const port = await echoServer(host);
      for (const length of [0, 1, 62, 63, 512, 1_472, 16_383, 16_384, 65_507]) {
        const payload = Buffer.alloc(length, length);
        assert.ok(payload.equals(await exchange(host, port, payload)), `${length} bytes`);
      }
    });
  }

  it('keeps the boundaries and the order of many', async () => {
    const port = await echoServer('127.0.0.1');
    const flow = tunnel.datagrams('127.0.0.1', port, newSocket());
    const sizes = Array.from({ length: 60 }, (_, i) => (i * 97) % 1_500);
    const answered = new Promise<number[]>((resolve) => {
      const seen: number[] = [];
      flow.onDatagram = (payload) => {
        if (seen.push(payload.length) === sizes.length) resolve(seen);
      };
    });
    for (const size of sizes) flow.send(Buffer.alloc(size));
    assert.deepEqual(await answered, sizes);
    flow.close();
  });

  it('loses nothing of a burst that comes while it is busy', async () => {
    const count = 500;
    const port = await echoServer('127.0.0.1');
    const server = servers.at(-1) ?? assert.fail();
    const flow = tunnel.datagrams('127.0.0.1', port, newSocket());
    const asked = once(server, 'message');
    flow.send(Buffer.from('?'));
    const [, from] = (await asked) as [Buffer, { port: number; address: string }];
    let answers = 0;
    const all = new Promise<void>((resolve) => {
      flow.onDatagram = () => {
        if (++answers === count + 1) resolve();
      };
    });
    agent.child.kill('SIGSTOP');
    const sends = Array.from(
      { length: count },
      () => new Promise((sent) => server.send('!', from.port, from.address, sent)),
    );
    await Promise.all(sends);
    agent.child.kill('SIGCONT');
    await all;
    flow.close();
  });

  for (const host of ['127.0.0.1', '::1']) {
    it(`one socket has one port for all peers, and takes answers from any port of theirs, ${host}`, async () => {
      const socket = newSocket();
      const [first, second, other] = await Promise.all([witness(host), witness(host), witness(host)]);
      const flow = tunnel.datagrams(host, first.port, socket);
      flow.send(Buffer.from('to the first'));
      const from = await first.next();
      tunnel.datagrams(host, second.port, socket).send(Buffer.from('to the second'));
      assert.deepEqual(await second.next(), from, 'both see one port');

      const answered = new Promise<{ port: number; flow: FlowDatagrams; payload: string }>((resolve) => {
        flow.onAnswer = (port, answer) => {
          answer.onDatagram = (payload) => resolve({ port, flow: answer, payload: Buffer.from(payload).toString() });
        };
      });
      other.socket.send('from another port', from.port, host);
      const answer = await answered;
      assert.deepEqual([answer.port, answer.payload], [other.port, 'from another port']);
      answer.flow.send(Buffer.from('back to it'));
      assert.deepEqual(await other.next(), from);
      const again = new Promise<string>((resolve) => {
        answer.flow.onDatagram = (payload) => resolve(Buffer.from(payload).toString());
      });
      other.socket.send('and again', from.port, host);
      assert.equal(await again, 'and again');
      // The other port is closed now, which is that flow's end alone.
      const failed = new Promise((resolve) => (answer.flow.onClosed = resolve));
      servers.splice(servers.indexOf(other.socket), 1);
      other.socket.close();
      await once(other.socket, 'close');
      answer.flow.send(Buffer.from('too late'));
      assert.equal(await failed, 'ECONNREFUSED');
      flow.send(Buffer.from('still there'));
      assert.deepEqual(await first.next(), from);
    });
  }

  it('takes nothing from a host that was not sent to, and not from more ports of one than a server has use for', async () => {
    const [asked, stranger] = await Promise.all([witness('127.0.0.1'), witness('127.0.0.2')]);
    const flow = tunnel.datagrams('127.0.0.1', asked.port, newSocket());
    const heard: string[] = [];
    const ports = new Set<number>();
    const last = new Promise<void>((resolve) => {
      flow.onDatagram = () => resolve();
    });
    flow.onAnswer = (port, answer) => {
      ports.add(port);
      answer.onDatagram = (payload) => heard.push(Buffer.from(payload).toString());
    };
    flow.send(Buffer.from('?'));
    const { port } = await asked.next();
    await send(stranger.socket, 'stranger', port);
    for (const other of await Promise.all(Array.from({ length: 70 }, () => witness('127.0.0.1')))) {
      await send(other.socket, 'answer', port);
    }
    await send(asked.socket, 'last', port);
    await last;
    assert.deepEqual([ports.size, new Set(heard)], [63, new Set(['answer'])]);
  });

  it('lets a port go with the last flow of its socket', async () => {
    const peer = await witness('127.0.0.1');
    const before = descriptors();
    const flows = Array.from({ length: 20 }, () => tunnel.datagrams('127.0.0.1', peer.port, newSocket()));
    const ports = new Set<number>();
    for (const flow of flows) {
      flow.send(Buffer.from('?'));
      ports.add((await peer.next()).port);
    }
    assert.deepEqual([ports.size, descriptors() - before], [20, 40]);
    for (const flow of flows) flow.close();
    await until(() => descriptors() === before, 'the sockets to be closed');
  });

  it('tells a closed port', async () => {
    const port = await echoServer('127.0.0.1');
    const socket = servers.pop() ?? assert.fail();
    socket.close();
    await once(socket, 'close');
    const flow = tunnel.datagrams('127.0.0.1', port, newSocket());
    const closed = new Promise((resolve) => {
      flow.onClosed = resolve;
    });
    assert.deepEqual(await flow.opened, { ok: true });
    flow.send(Buffer.from('x'));
    assert.equal(await closed, 'ECONNREFUSED');
  });

  it('tells a destination that cannot be dialled', async () => {
    assert.deepEqual(await tunnel.datagrams('no-such-name.invalid', 53, newSocket()).opened, {
      ok: false,
      errno: 'ENOTFOUND',
    });
  });

  it('finds out whether a host is there', async () => {
    assert.deepEqual(await tunnel.probe('127.0.0.1'), { ok: true });
    assert.deepEqual(await tunnel.probe('::1'), { ok: true });
  });
});
