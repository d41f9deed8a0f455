import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Agent, createServer, request } from 'node:http';
import type { IncomingHttpHeaders, OutgoingHttpHeaders, Server } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { WebSocket, WebSocketServer } from 'ws';
import { HTTP1_SHAPES } from '../../support/http1-shapes.ts';
import { freePort, startNginx, type Nginx } from './support/nginx.ts';
import { listening, splitPort } from './support/ports.ts';
import { eventually, RawClient } from './support/raw-client.ts';

const curl = promisify(execFile);
const PLAIN = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

/** Says who it is, and what it has got. */
function echoServer(name: string): Server {
  return createServer((incoming, outgoing) => {
    const hash = createHash('sha256');
    incoming.on('data', (chunk: Buffer) => hash.update(chunk));
    incoming.on('end', () => {
      outgoing.setHeader('x-side', name);
      outgoing.setHeader('x-hash', hash.digest('hex'));
      outgoing.end(`${name} ${incoming.method} ${incoming.url}`);
    });
  });
}

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

function ask(port: number, agent: Agent, headers: OutgoingHttpHeaders, body?: Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const method = body === undefined ? 'GET' : 'POST';
    const outgoing = request({ port, host: '127.0.0.1', agent, method, headers, path: '/x' }, (incoming) => {
      let text = '';
      incoming.on('data', (chunk: Buffer) => (text += chunk.toString()));
      incoming.on('end', () => resolve({ status: incoming.statusCode, headers: incoming.headers, body: text }));
      incoming.on('error', reject);
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

describe('HTTP/1 with real programs', () => {
  let nginx: Nginx;
  let picked: Server;
  let pickedPort: number;

  before(async () => {
    nginx = await startNginx('location / { return 200 "nginx $request_method $uri\\n"; }');
    picked = echoServer('developer');
    pickedPort = await listening(picked);
  });

  after(async () => {
    await nginx[Symbol.asyncDispose]();
    picked.closeAllConnections();
    picked.close();
  });

  it('odd shapes get from nginx what they get directly', async () => {
    await using split = await splitPort(nginx.port, pickedPort);
    const answerOf = async (port: number, text: string): Promise<readonly [string, boolean]> => {
      const client = new RawClient(port);
      client.send(text);
      client.socket.end();
      await client.until(() => client.hasEnded || client.isClosed);
      client.socket.destroy();
      return [client.received.replaceAll(/\r\nDate: [^\r]*/g, ''), client.hasEnded];
    };
    for (const [name, text] of Object.entries(HTTP1_SHAPES)) {
      const [direct, through] = await Promise.all([answerOf(nginx.port, text), answerOf(split.port, text)]);
      deepEqual(through, direct, name);
    }
    equal(
      split.requests.some(({ isPicked }) => isPicked),
      false,
    );
  });

  it('curl gets its answers from the right side: bodies, 100 Continue, HEAD, HTTP/1.0', async () => {
    await using split = await splitPort(nginx.port, pickedPort);
    const url = `http://127.0.0.1:${split.port}/x`;
    const alice = ['-H', 'X-User: alice'];
    const run = async (...args: string[]): Promise<string> =>
      (await curl('curl', ['-sS', '-m', '20', ...args, url])).stdout;
    equal(await run(), 'nginx GET /x\n');
    equal(await run(...alice), 'developer GET /x');
    equal(await run('-0', ...alice), 'developer GET /x');
    match(await run('-I', ...alice), /^HTTP\/1\.1 200 OK\r\nx-side: developer/);
    match(await run('-I'), /^HTTP\/1\.1 200 OK\r\nServer: nginx/);
    const big = ['-H', 'Expect: 100-continue', '--data-binary', '@/bin/bash'];
    equal(await run(...big, ...alice), 'developer POST /x');
    equal(await run(...big), 'nginx POST /x\n');
    equal(await run('-H', 'Transfer-Encoding: chunked', ...big, ...alice), 'developer POST /x');
  });

  it('thousands of mixed requests on kept connections are each answered once, by the right side', async () => {
    const main = echoServer('original');
    await using split = await splitPort(await listening(main), pickedPort);
    const agent = new Agent({ keepAlive: true, maxSockets: 20 });
    const one = async (index: number): Promise<void> => {
      const isAlice = index % 3 === 0;
      const body = index % 2 === 0 ? undefined : randomBytes((index * 7919) % 100_000);
      const headers: OutgoingHttpHeaders = { 'x-index': index, ...(isAlice ? { 'x-user': 'alice' } : {}) };
      if (index % 5 === 0) headers['transfer-encoding'] = 'chunked';
      const answer = await ask(split.port, agent, headers, body);
      equal(answer.headers['x-side'], isAlice ? 'developer' : 'original');
      equal(
        answer.headers['x-hash'],
        createHash('sha256')
          .update(body ?? '')
          .digest('hex'),
      );
    };
    for (let from = 0; from < 3_000; from += 100)
      await Promise.all(Array.from({ length: 100 }, (_, index) => one(from + index)));
    equal(split.requests.length, 3_000);
    deepEqual(split.failures, []);
    agent.destroy();
    main.closeAllConnections();
    main.close();
  });

  it('WebSockets go to the right side, both ways', async () => {
    const servers = [
      new WebSocketServer({ port: 0, host: '127.0.0.1' }),
      new WebSocketServer({ port: 0, host: '127.0.0.1' }),
    ];
    const [mainPort, otherPort] = await Promise.all(
      servers.map(async (server, index) => {
        server.on('connection', (socket) =>
          socket.on('message', (text: Buffer) => socket.send(`${index} ${text.toString()}`)),
        );
        if (server.address() === null) await once(server, 'listening');
        return (server.address() as { port: number }).port;
      }),
    );
    await using split = await splitPort(mainPort, otherPort);
    for (const [index, headers] of [{}, { 'x-user': 'alice' }].entries()) {
      const socket = new WebSocket(`ws://127.0.0.1:${split.port}`, { headers });
      await once(socket, 'open');
      for (const text of ['a', 'b'.repeat(200_000)]) {
        socket.send(text);
        const [answer] = (await once(socket, 'message')) as [Buffer];
        equal(answer.toString(), `${index} ${text}`);
      }
      socket.close();
      await once(socket, 'close');
    }
    for (const server of servers) server.close();
  });

  it('a server that speaks first is heard at once', async () => {
    const smtp = createTcpServer((socket) => {
      socket.write('220 hello\r\n');
      socket.on('data', (line) => socket.write(`250 ${line.toString()}`));
      socket.on('error', () => {});
    });
    await using split = await splitPort(await listening(smtp), pickedPort);
    const start = performance.now();
    const client = new RawClient(split.port);
    await client.until(() => client.received === '220 hello\r\n');
    client.send('EHLO x\r\n');
    await client.until(() => client.received.endsWith('250 EHLO x\r\n'));
    ok(performance.now() - start < 1_000);
    client.socket.destroy();
    smtp.close();
  });

  it('a port where nobody listens is closed, as it is directly', async () => {
    await using split = await splitPort(await freePort(), pickedPort);
    const client = new RawClient(split.port);
    await client.until(() => client.isClosed);
    equal(client.received, '');
    equal(split.open, 0);
  });

  it('a developer whose program is down is told so, and the port serves everybody else', async () => {
    await using split = await splitPort(nginx.port, await freePort());
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const refused = await ask(split.port, agent, { 'x-user': 'alice' });
    deepEqual([refused.status, refused.headers.server], [502, 'mirrord']);
    match(refused.body, /ECONNREFUSED/);
    equal((await ask(split.port, agent, {})).status, 200);
    equal(split.failures.length, 1);
    agent.destroy();
  });

  it('ten thousand requests on one connection, pipelined', async () => {
    await using split = await splitPort(nginx.port, pickedPort);
    const client = new RawClient(split.port);
    client.send(PLAIN.repeat(10_000));
    await client.until(() => (client.received.match(/nginx GET/g)?.length ?? 0) === 10_000, 25_000);
    client.socket.destroy();
  });

  it('a thousand connections at once', async () => {
    await using split = await splitPort(nginx.port, pickedPort);
    const clients = Array.from({ length: 1_000 }, () => new RawClient(split.port));
    for (const [index, client] of clients.entries())
      client.send(index % 2 === 0 ? PLAIN : PLAIN.replace('Host', 'X-User: alice\r\nHost'));
    await Promise.all(clients.map((client) => client.until(() => client.received.includes(' GET /'), 25_000)));
    for (const [index, { received }] of clients.entries())
      match(received, index % 2 === 0 ? /nginx GET/ : /developer GET/);
    for (const { socket } of clients) socket.destroy();
    await eventually(() => split.open === 0);
  });

  it('a head of a megabyte, and one that never ends, are answered by nginx as directly', async () => {
    await using split = await splitPort(nginx.port, pickedPort);
    for (const text of [
      `GET / HTTP/1.1\r\nHost: a\r\nX-User: alice\r\nX: ${'a'.repeat(1_000_000)}\r\n\r\n`,
      `GET / HTTP/1.1\r\nHost: a\r\n${'X-User: alice\r\n'.repeat(10_000)}`,
      `GET /${'a'.repeat(1_000_000)}`,
    ]) {
      const client = new RawClient(split.port);
      client.send(text);
      await client.until(() => client.hasEnded || client.isClosed);
      match(client.received, /^HTTP\/1\.1 4(?:00|14) |^$/);
      client.socket.destroy();
    }
    equal(split.requests.length, 0);
  });

  it('a body without end is taken no faster than its side reads', async () => {
    const stalled = createTcpServer({ pauseOnConnect: true }, (socket) => socket.on('error', () => {}));
    const port = await listening(stalled);
    await using split = await splitPort(port, port);
    for (const user of ['alice', 'bob']) {
      const client = new RawClient(split.port);
      client.send(`POST / HTTP/1.1\r\nHost: a\r\nX-User: ${user}\r\nTransfer-Encoding: chunked\r\n\r\n`);
      const chunk = Buffer.from(`10000\r\n${'a'.repeat(0x10000)}\r\n`);
      let sent = 0;
      const isTaken = async (): Promise<boolean> =>
        Promise.race([client.written(chunk).then(() => true), delay(1_000, false)]);
      while (sent < 100 << 20 && (await isTaken())) sent += chunk.length;
      // What the kernel's buffers hold, on both legs.
      ok(sent < 32 << 20, `${sent}`);
      client.socket.destroy();
    }
    stalled.close();
  });

  it('a client that sends its head drop by drop is left to main after a while', async () => {
    const main = createTcpServer((socket) => {
      socket.on('data', () => socket.end('HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n'));
      socket.on('error', () => {});
    });
    await using split = await splitPort(await listening(main), pickedPort);
    const client = new RawClient(split.port);
    const drops = setInterval(() => client.send('X: a\r\n'), 200);
    client.send('GET / HTTP/1.1\r\nX-User: alice\r\n');
    await client.until(() => client.received.includes('408'), 15_000);
    clearInterval(drops);
    client.socket.destroy();
    main.close();
  });
});
