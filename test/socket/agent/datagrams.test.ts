import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { once } from 'node:events';
import type { Tunnel } from '../../../src/tunnel/tunnel.ts';
import { startAgent } from '../support/agent-process.ts';
import type { RunningAgent } from '../support/agent-process.ts';

describe('UDP through the agent', () => {
  let agent: RunningAgent;
  let tunnel: Tunnel;
  const sockets: Socket[] = [];

  before(async () => {
    agent = await startAgent();
    tunnel = await agent.tunnel();
  });
  after(async () => {
    for (const socket of sockets) socket.close();
    tunnel.close();
    await agent.stop();
    assert.deepEqual(
      agent.events.filter(({ event }) => event === 'defect'),
      [],
    );
  });

  async function echoServer(host: string): Promise<number> {
    const socket = createSocket(host === '::1' ? 'udp6' : 'udp4');
    sockets.push(socket);
    socket.on('message', (message, { port, address }) => socket.send(message, port, address));
    socket.bind(0, host);
    await once(socket, 'listening');
    return socket.address().port;
  }

  function exchange(host: string, port: number, payload: Uint8Array): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const flow = tunnel.datagrams(host, port);
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
    const flow = tunnel.datagrams('127.0.0.1', port);
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
    const server = sockets.at(-1) ?? assert.fail();
    const flow = tunnel.datagrams('127.0.0.1', port);
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

  it('tells a closed port', async () => {
    const port = await echoServer('127.0.0.1');
    const socket = sockets.pop() ?? assert.fail();
    socket.close();
    await once(socket, 'close');
    const flow = tunnel.datagrams('127.0.0.1', port);
    const closed = new Promise((resolve) => {
      flow.onClosed = resolve;
    });
    assert.deepEqual(await flow.opened, { ok: true });
    flow.send(Buffer.from('x'));
    assert.equal(await closed, 'ECONNREFUSED');
  });

  it('tells a destination that cannot be dialled', async () => {
    assert.deepEqual(await tunnel.datagrams('no-such-name.invalid', 53).opened, { ok: false, errno: 'ENOTFOUND' });
  });

  it('finds out whether a host is there', async () => {
    assert.deepEqual(await tunnel.probe('127.0.0.1'), { ok: true });
    assert.deepEqual(await tunnel.probe('::1'), { ok: true });
  });
});
