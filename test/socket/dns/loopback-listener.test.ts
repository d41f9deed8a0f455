import { strict as assert } from 'node:assert';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { frame, FrameReader } from '../../../src/dns/framing.ts';
import { listenOnLoopback, type LoopbackListener } from '../../../src/dns/loopback-listener.ts';
import { answerTo, bench, decode, NO_RELAY, question } from '../../unit/support/dns.ts';

const run = promisify(execFile);
const many = Array.from({ length: 100 }, (_, i) => `10.244.0.${i}`);

describe('the loopback listener', () => {
  let listener: LoopbackListener;
  let sockets: Socket[] = [];

  const test = () =>
    bench({
      cluster: {
        'db.default.svc.cluster.local A': ['10.96.0.1'],
        'db.default.svc.cluster.local AAAA': ['fd00:10:96::1'],
        'all.default.svc.cluster.local A': many,
        '_pg._tcp.db.default.svc.cluster.local SRV': [],
        '1.0.96.10.in-addr.arpa PTR': ['db.default.svc.cluster.local'],
        'slow.default.svc.cluster.local A': 'silent',
      },
      upstream: { 'www.example.com A': ['192.0.2.1'], 'www.example.com TXT': ['words'] },
    });
  const dig = async (...args: string[]) =>
    (await run('dig', ['-p', String(listener.port), '+tries=1', '+time=4', ...args])).stdout.trim();
  const client = async (host = '127.0.0.1'): Promise<Socket> => {
    const socket = connect({ host, port: listener.port, allowHalfOpen: true });
    sockets.push(socket);
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    return socket;
  };
  /** The next `count` answers on a connection. */
  const answers = async (socket: Socket, count: number): Promise<Uint8Array[]> => {
    const reader = new FrameReader();
    const found: Uint8Array[] = [];
    for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
      found.push(...reader.push(chunk as Buffer));
      if (found.length >= count) break;
    }
    return found;
  };

  beforeEach(async () => {
    listener = await listenOnLoopback(test().resolver, NO_RELAY);
  });
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    sockets = [];
    await listener.close();
  });

  for (const server of ['127.0.0.1', '::1']) {
    for (const transport of ['+notcp', '+tcp']) {
      it(`answers dig on ${server} ${transport}`, async () => {
        const short = (...args: string[]) => dig(`@${server}`, transport, '+short', ...args);
        assert.equal(await short('db'), '10.96.0.1');
        assert.equal(await short('db', 'AAAA'), 'fd00:10:96::1');
        assert.equal(await short('db.default'), '10.96.0.1');
        assert.equal(await short('-x', '10.96.0.1'), 'db.default.svc.cluster.local.');
        assert.equal(await short('www.example.com'), '192.0.2.1');
        assert.equal(await short('localhost'), '127.0.0.1');
        assert.match(await dig(`@${server}`, transport, 'db.nowhere.svc'), /status: NXDOMAIN/);
        assert.match(await dig(`@${server}`, transport, 'db', 'MX'), /status: NOERROR[\s\S]*AUTHORITY: 1/);
      });
    }
  }

  it('sends dig to TCP by itself for an answer that is too large', async () => {
    const text = await dig('@127.0.0.1', '+noedns', 'all');
    assert.match(text, /Truncated, retrying in TCP mode/);
    assert.equal(
      (await dig('@127.0.0.1', '+noedns', '+short', 'all')).split('\n').filter((l) => l.startsWith('10.')).length,
      100,
    );
    assert.doesNotMatch(await dig('@127.0.0.1', '+bufsize=4096', 'all'), /Truncated/);
  });

  it('answers questions of one connection as they get ready, each under its id', async () => {
    const socket = await client();
    const names = ['slow', 'db', 'www.example.com', 'all'];
    socket.write(Buffer.concat(names.map((name, id) => frame(question(name, 'A', { id })))));
    const ids = (await answers(socket, 3)).map((answer) => decode(answer).id);
    assert.deepEqual(
      ids.toSorted((a, b) => (a ?? 0) - (b ?? 0)),
      [1, 2, 3],
    );
    assert.deepEqual(
      (await answers(socket, 1)).map((answer) => [decode(answer).id, decode(answer).rcode]),
      [[0, 'SERVFAIL']],
    );
  });

  it('takes a question in single bytes', async () => {
    const socket = await client('::1');
    socket.setNoDelay(true);
    for (const byte of frame(question('db'))) {
      socket.write(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal((await answers(socket, 1)).length, 1);
  });

  it('still answers a client that has ended its side, then ends too', async () => {
    const socket = await client();
    socket.end(frame(question('slow')));
    const [answer] = await answers(socket, 1);
    assert.equal(decode(answer ?? null).rcode, 'SERVFAIL');
    if (!socket.readableEnded) await once(socket.resume(), 'end');
  });

  it('refuses what is no question, and ends a connection that sends answers', async () => {
    const socket = await client();
    // Two letters are a length; no server is told the rest, since the relay of this test has none.
    socket.write('GET / HTTP/1.1\r\n\r\n'.repeat(4_000));
    await new Promise((resolve) => socket.resume().once('close', resolve));
    const other = await client();
    other.write(frame(answerTo(question('db'), [])));
    await new Promise((resolve) => other.resume().once('close', resolve));
  });

  it('holds back a client that asks without reading, and answers it all once it reads', async () => {
    const socket = await client();
    socket.pause();
    const count = 5_000;
    for (let id = 0; id < count; id++) socket.write(frame(question('all', 'A', { id })));
    const deadline = performance.now() + 5_000;
    let left = -1;
    // The client's own queue stands still: the server has stopped reading.
    while (socket.writableLength !== left && performance.now() < deadline) {
      left = socket.writableLength;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    const ids = new Set((await answers(socket, count)).map((answer) => decode(answer).id));
    assert.equal(ids.size, count);
  });

  it('leaves an idle client after a while', async () => {
    const socket = await client();
    const started = performance.now();
    await once(socket.resume(), 'end');
    assert.ok(performance.now() - started < 13_000);
  }).timeout(15_000);

  it('can be closed with clients connected, and leaves the port free', async () => {
    await client();
    await listener.close();
    await assert.rejects(client(), /ECONNREFUSED/);
    listener = await listenOnLoopback(test().resolver, NO_RELAY);
  });
});
