import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, type Server, type Socket, createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ControlServer } from '../../../src/control/server.ts';
import { CONTROL_VERSION } from '../../../src/control/wire.ts';
import type { DialOutcome } from '../../../src/mux/flow.ts';
import type { TunnelStream } from '../../../src/peer/tcp.ts';
import type { Tunnel } from '../../../src/peer/tunnel.ts';
import { connectRaw } from '../../../src/session/connect.ts';
import { type RunningAgent, startAgent, until } from '../support/agent-process.ts';

const HEAD = '{"stream":"bytes"}\n';

/** A tunnel whose destinations answer and reset within what arrives as one. */
class Abrupt {
  connect(): TunnelStream {
    const { promise: opened, resolve } = Promise.withResolvers<DialOutcome>();
    const nothing = (): void => {};
    const stream: TunnelStream = {
      opened,
      write: (_chunk, done) => done(),
      end: nothing,
      reset: nothing,
      pause: nothing,
      resume: nothing,
      onData: nothing,
      onEnd: nothing,
      onReset: nothing,
    };
    setImmediate(() => {
      resolve({ ok: true });
      stream.onData(Buffer.from('413 '));
      stream.onReset();
    });
    return stream;
  }
}

describe('connect on the control socket', () => {
  let folder: string;
  let path: string;
  let control: ControlServer;
  let agent: RunningAgent;
  let tunnel: Tunnel;
  const servers: Server[] = [];

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mirrord-control-'));
    path = join(folder, 'control.sock');
    agent = await startAgent();
    tunnel = await agent.tunnel();
    control = new ControlServer(path, { connect: (params, signal) => connectRaw(params, tunnel, signal) });
    await control.listen();
  });
  after(async () => {
    tunnel.close();
    await agent.stop();
    await control.close();
    for (const server of servers) server.close();
    rmSync(folder, { recursive: true });
  });

  async function listen(serve: (socket: Socket) => void): Promise<number> {
    const server = createServer({ allowHalfOpen: true }, (socket) => serve(socket.on('error', () => undefined)));
    servers.push(server.listen(0, '127.0.0.1'));
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  function request(params: unknown, place = path): Socket {
    const socket = createConnection({ path: place, allowHalfOpen: true });
    socket.on('error', () => undefined);
    socket.write(`${JSON.stringify({ version: CONTROL_VERSION, method: 'connect', params })}\n`);
    return socket;
  }

  /** All that comes back, to the end. */
  async function whole(socket: Socket): Promise<Buffer> {
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('end', () => socket.end());
    await once(socket, 'close');
    return Buffer.concat(chunks);
  }

  it('hands over bytes both ways, and each side’s end on its own', async () => {
    const port = await listen((socket) => {
      const hash = createHash('sha256');
      socket.on('data', (chunk: Buffer) => hash.update(chunk));
      socket.on('end', () => socket.end(hash.digest('hex')));
    });
    const socket = request({ host: '127.0.0.1', port });
    await once(socket, 'readable');
    assert.equal(String(socket.read()), HEAD);
    const bytes = Buffer.alloc(20 << 20, 'some bytes ');
    socket.end(bytes);
    assert.equal(String(await whole(socket)), createHash('sha256').update(bytes).digest('hex'));
  });

  it('waits for a reader who is slow', async () => {
    let taken = 0;
    const chunk = Buffer.alloc(64 << 10, 7);
    const port = await listen((socket) => {
      const pour = (): void => {
        while (taken < 200 << 20) {
          taken += chunk.length;
          if (!socket.write(chunk)) return;
        }
        socket.end();
      };
      socket.on('drain', pour);
      pour();
    });
    const socket = request({ host: '127.0.0.1', port });
    let before = -1;
    // Until nothing moves any more.
    await until(() => {
      const isStill = before === taken && taken > 0;
      before = taken;
      return isStill;
    }, 'a full path');
    assert.ok(taken < 50 << 20, `${taken} bytes are on their way to nobody`);
    assert.equal((await whole(socket)).length, HEAD.length + (200 << 20));
  }).timeout(20_000);

  it('gives what a server says before it hangs up at once', async () => {
    const abrupt = new Abrupt();
    const place = join(folder, 'abrupt.sock');
    const other = new ControlServer(place, { connect: (params, signal) => connectRaw(params, abrupt, signal) });
    await other.listen();
    assert.equal(String(await whole(request({ host: 'x', port: 1 }, place))), `${HEAD}413 `);
    await other.close();
  });

  it('ends the connection there when the asker goes away', async () => {
    let state = '';
    const port = await listen((socket) => {
      state = 'open';
      const talk = setInterval(() => socket.write('still there?'), 5);
      socket.resume().on('close', () => {
        clearInterval(talk);
        state = 'closed';
      });
    });
    const socket = request({ host: '127.0.0.1', port });
    await until(() => state === 'open', 'the connection');
    await once(socket, 'readable');
    socket.destroy();
    await until(() => state === 'closed', 'its end');
  });

  it('says why there is no connection', async () => {
    const port = await listen(() => undefined);
    servers.pop()?.close();
    const { error } = JSON.parse(String(await whole(request({ host: '127.0.0.1', port })))) as { error: unknown };
    assert.deepEqual(error, {
      code: 'destination-unreachable',
      failure: 'cluster',
      message: `127.0.0.1:${port} cannot be reached from the agent: it refuses the connection.`,
    });
  });

  it('asks the agent for nothing that is no destination', async () => {
    const port = await listen((socket) => socket.end());
    for (const params of [
      undefined,
      'host:80',
      { host: '', port },
      { host: 'a b', port },
      { host: 'ü', port },
      { host: 'x'.repeat(256), port },
      { host: 'x', port: 0 },
      { host: 'x', port: 65_536 },
      { host: 'x', port: 80.5 },
      { host: 'x', port: '80' },
    ]) {
      const { error } = JSON.parse(String(await whole(request(params)))) as { error: { code: string } };
      assert.equal(error.code, 'control-request-invalid', JSON.stringify(params));
    }
    assert.equal(String(await whole(request({ host: '127.0.0.1', port }))), HEAD, 'the tunnel lives');
  });
});
