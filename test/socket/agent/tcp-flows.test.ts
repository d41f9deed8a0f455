import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { Tunnel } from '../../../src/peer/tunnel.ts';
import type { TunnelStream } from '../../../src/peer/tcp.ts';
import { hear, startAgent, until } from '../support/agent-process.ts';
import type { RunningAgent } from '../support/agent-process.ts';

const nothing = (): void => {};

describe('TCP through the agent', () => {
  let agent: RunningAgent;
  let tunnel: Tunnel;
  const servers: Server[] = [];

  before(async () => {
    agent = await startAgent();
    tunnel = await agent.tunnel();
  });
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });
  after(async () => {
    tunnel.close();
    await agent.stop();
    assert.deepEqual(
      agent.events.filter(({ event }) => event === 'defect'),
      [],
    );
  });

  async function serve(handler: (socket: Socket) => void, host = '127.0.0.1'): Promise<number> {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', nothing);
      handler(socket);
    });
    servers.push(server);
    server.listen(0, host);
    await once(server, 'listening');
    const { port }: Pick<AddressInfo, 'port'> = server.address() as AddressInfo;
    return port;
  }

  function write(flow: TunnelStream, bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => flow.write(bytes, resolve));
  }

  for (const host of ['127.0.0.1', '::1', 'localhost']) {
    it(`carries bytes and both FINs, ${host}`, async () => {
      const port = await serve((socket) => socket.pipe(socket), host);
      const flow = tunnel.connect(host, port);
      const heard = hear(flow);
      flow.write(Buffer.from('early '), nothing);
      assert.deepEqual(await flow.opened, { ok: true });
      await write(flow, Buffer.from('data'));
      flow.end();
      assert.equal((await heard.all).toString(), 'early data');
    });
  }

  it('carries a late answer after the half-close', async () => {
    const port = await serve((socket) => {
      socket.resume();
      socket.on('end', () => setTimeout(() => socket.end('late'), 150));
    });
    const flow = tunnel.connect('127.0.0.1', port);
    const heard = hear(flow);
    flow.write(Buffer.from('question'), nothing);
    flow.end();
    assert.equal((await heard.all).toString(), 'late');
  });

  it('lets the server speak first, and end first', async () => {
    let answer = '';
    const port = await serve((socket) => {
      socket.end('220 greetings\r\n');
      socket.on('data', (chunk) => (answer += chunk.toString()));
    });
    const flow = tunnel.connect('127.0.0.1', port);
    assert.equal((await hear(flow).all).toString(), '220 greetings\r\n');
    await write(flow, Buffer.from('QUIT'));
    flow.end();
    await until(() => answer === 'QUIT', 'the answer after the server had ended');
  });

  it('tells a refused dial', async () => {
    const port = await serve(nothing);
    const closed = once(servers[0] ?? assert.fail(), 'close');
    servers[0]?.close();
    await closed;
    assert.deepEqual(await tunnel.connect('127.0.0.1', port).opened, { ok: false, errno: 'ECONNREFUSED' });
    assert.deepEqual(await tunnel.connect('no-such-name.invalid', 80).opened, { ok: false, errno: 'ENOTFOUND' });
  });

  it('a server that resets what it has just accepted has not refused it', async () => {
    const port = await serve((socket) => socket.resetAndDestroy());
    for (let i = 0; i < 300; i++) {
      const flow = tunnel.connect('127.0.0.1', port);
      const reset = new Promise<void>((resolve) => (flow.onReset = resolve));
      assert.deepEqual(await flow.opened, { ok: true });
      await reset;
    }
  });

  it('carries RST from the server', async () => {
    const port = await serve((socket) => socket.once('data', () => socket.resetAndDestroy()));
    const flow = tunnel.connect('127.0.0.1', port);
    const heard = hear(flow);
    await flow.opened;
    flow.write(Buffer.from('x'), nothing);
    await heard.reset;
  });

  it('carries what a server said before it hung up on a request half read', async () => {
    const port = await serve((socket) => {
      socket.once('data', () => {
        socket.pause();
        socket.write('413', () => socket.resetAndDestroy());
      });
    });
    for (let i = 0; i < 200; i++) {
      const flow = tunnel.connect('127.0.0.1', port);
      let heard = '';
      flow.onData = (chunk) => (heard += Buffer.from(chunk).toString());
      const reset = new Promise<void>((resolve) => (flow.onReset = resolve));
      await write(flow, Buffer.from('a long request'));
      await reset;
      assert.equal(heard, '413');
    }
  });

  it('carries RST to the server, also after a half-close', async () => {
    for (const half of [false, true]) {
      let error = '';
      const port = await serve((socket) => {
        socket.resume();
        socket.on('error', (raised: NodeJS.ErrnoException) => (error = raised.code ?? ''));
        socket.write('x');
      });
      const flow = tunnel.connect('127.0.0.1', port);
      const heard = hear(flow);
      await until(() => heard.bytes().length === 1, 'the first byte');
      if (half) flow.end();
      flow.reset();
      await until(() => error === 'ECONNRESET', `RST, half-closed: ${half}`);
    }
  });

  it('survives 5,000 resets', async () => {
    let accepted = 0;
    const port = await serve((socket) => {
      accepted++;
      socket.resume();
    });
    for (let i = 0; i < 50; i++) {
      const flows = Array.from({ length: 100 }, () => tunnel.connect('127.0.0.1', port));
      for (const outcome of await Promise.all(flows.map(({ opened }) => opened)))
        assert.deepEqual(outcome, { ok: true });
      for (const flow of flows) flow.reset();
    }
    await until(() => accepted === 5_000, 'every connection');
    assert.ok((await tunnel.ping()) < 1_000);
  }).timeout(30_000);

  it('carries 2,000 flows at once', async () => {
    const port = await serve((socket) => socket.pipe(socket));
    const all = await Promise.all(
      Array.from({ length: 2_000 }, async (_, i) => {
        const flow = tunnel.connect('127.0.0.1', port);
        const heard = hear(flow);
        assert.deepEqual(await flow.opened, { ok: true });
        flow.write(Buffer.from(`flow ${i}`), nothing);
        flow.end();
        return (await heard.all).toString();
      }),
    );
    assert.deepEqual(
      all,
      Array.from({ length: 2_000 }, (_, i) => `flow ${i}`),
    );
  }).timeout(30_000);

  it('carries 64 MB each way, unchanged', async () => {
    const port = await serve((socket) => socket.pipe(socket));
    const flow = tunnel.connect('127.0.0.1', port);
    const [sent, received] = [createHash('sha256'), createHash('sha256')];
    const block = randomBytes(1_000_003);
    const ended = new Promise<void>((resolve, reject) => {
      flow.onData = (chunk) => received.update(chunk);
      flow.onEnd = resolve;
      flow.onReset = () => reject(new Error('reset'));
    });
    for (let i = 0; i < 64; i++) {
      sent.update(block);
      await write(flow, block);
    }
    flow.end();
    await ended;
    assert.equal(received.digest('hex'), sent.digest('hex'));
  }).timeout(30_000);

  it('holds back one stalled reader, and no other flow', async () => {
    let poured = 0;
    const port = await serve((socket) => {
      const chunk = Buffer.alloc(65_536);
      const pour = (): void => {
        if (socket.destroyed) return;
        socket.write(chunk, () => {
          poured += chunk.length;
          pour();
        });
      };
      pour();
    });
    const echo = await serve((socket) => socket.pipe(socket));
    const stalled = tunnel.connect('127.0.0.1', port);
    hear(stalled);
    stalled.pause();
    await stalled.opened;
    let before = -1;
    await until(() => before === (before = poured), 'the writer stalls').catch(() => assert.fail('never stalled'));
    for (let i = 0; i < 20; i++) {
      const flow = tunnel.connect('127.0.0.1', echo);
      const heard = hear(flow);
      flow.write(Buffer.alloc(300_000, i), nothing);
      flow.end();
      assert.equal((await heard.all).length, 300_000);
    }
    // One stream window, the agent's queue, and the kernel's two socket buffers.
    assert.ok(poured < 24 * 1024 * 1024, `${poured}`);
    stalled.reset();
  });

  it('is bounded when nobody reads at the far end', async () => {
    const port = await serve((socket) => socket.pause());
    const flow = tunnel.connect('127.0.0.1', port);
    hear(flow);
    await flow.opened;
    let taken = 0;
    let open = true;
    const pour = (): void => {
      if (!open) return;
      flow.write(Buffer.alloc(65_536), () => {
        taken += 65_536;
        pour();
      });
    };
    pour();
    let before = -1;
    await until(() => before === (before = taken), 'the writer stalls');
    assert.ok(taken < 24 * 1024 * 1024, `${taken}`);
    open = false;
    flow.reset();
  });
});
