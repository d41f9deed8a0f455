import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import type { Credentials } from '../../../src/kube/credentials/credentials.ts';
import { dialPod } from '../../../src/kube/port-forward/dial.ts';
import { Server } from '../../../src/kube/server/server.ts';
import type { FarEnd } from './support/far-end.ts';
import { CERT, FakeServer, type Protocol } from './support/fake-server.ts';

/** Mocha limits each test; a deadline from here on would run while others do. */
const { signal } = new AbortController();
const to = { namespace: 'ns', pod: 'p', port: 4711 };

async function until(what: string, holds: () => boolean): Promise<void> {
  for (const end = Date.now() + 5_000; !holds();) {
    if (Date.now() > end) assert.fail(`never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function failure(stream: Duplex): Promise<Error> {
  return new Promise((resolve) => stream.once('error', resolve).resume());
}

for (const protocol of ['v4.channel.k8s.io', 'SPDY/3.1+portforward.k8s.io'] as const satisfies Protocol[]) {
  describe(`a port-forward by ${protocol}`, function () {
    this.timeout(30_000);
    let fake: FakeServer;
    let server: Server;
    let asked = 0;
    let token = 'secret';

    beforeEach(async () => {
      fake = await FakeServer.start();
      fake.protocol = protocol;
      asked = 0;
      token = 'secret';
      const credentials: Credentials = {
        current: async () => ({ headers: { authorization: `Bearer ${token}` } }),
        refused: () => {
          asked++;
          token = 'renewed';
          return true;
        },
        anonymous: false,
        isAsking: false,
      };
      const endpoint = { host: '127.0.0.1', port: fake.port, secure: true, path: '', url: 'https://fake' };
      server = new Server(endpoint, null, { ca: CERT, verify: true }, credentials);
    });
    afterEach(() => fake.stop());

    const dial = (): Promise<Duplex> => dialPod(server, to, signal);
    /** The far end of the next port-forward, confirmed. */
    const farEnd = (): Promise<FarEnd> =>
      new Promise((resolve) => {
        fake.onForward = (far) => {
          far.confirm();
          resolve(far);
        };
      });

    it('asks for the pod and its port, with our credentials', async () => {
      const seen = once(fake.server, 'upgrade');
      const stream = await dial();
      const [request] = (await seen) as [{ url: string; headers: Record<string, string> }];
      assert.equal(request.url, '/api/v1/namespaces/ns/pods/p/portforward?ports=4711');
      assert.equal(request.headers['authorization'], 'Bearer secret');
      assert.equal(request.headers['sec-websocket-extensions'], undefined);
      stream.destroy();
    });

    it('carries bytes both ways, whatever their sizes', async () => {
      const far = farEnd();
      const stream = await dial();
      const end = await far;
      end.onBytes((bytes) => end.send(bytes));
      const sent: Buffer[] = [1, 65_535, 65_536, 65_537, 3, 300_000, 0, 17].map((length) => randomBytes(length));
      const expected = Buffer.concat(sent);
      const received: Buffer[] = [];
      let length = 0;
      const all = new Promise<void>((resolve) => {
        stream.on('data', (chunk: Buffer) => {
          received.push(chunk);
          length += chunk.length;
          if (length === expected.length) resolve();
        });
      });
      for (const chunk of sent) stream.write(chunk);
      await all;
      assert.ok(Buffer.concat(received).equals(expected));
      stream.destroy();
    });

    it('gathers small writes into few messages, none above 64 kB', async () => {
      const far = farEnd();
      const stream = await dial();
      const lengths: number[] = [];
      (await far).onBytes((bytes) => lengths.push(bytes.length));
      stream.cork();
      for (let i = 0; i < 1000; i++) stream.write(Buffer.alloc(200));
      stream.uncork();
      await until('all has come', () => lengths.reduce((a, b) => a + b, 0) === 200_000);
      assert.ok(lengths.length <= 4, `${lengths.length} messages`);
      assert.ok(Math.max(...lengths) <= 65_536);
      stream.destroy();
    });

    it('stops the far end while nobody reads, and goes on afterwards', async () => {
      const far = farEnd();
      const stream = await dial();
      const end = await far;
      const { socket } = end;
      const bytes = Buffer.alloc(32 * 1024);
      let sent = 0;
      const over = new AbortController();
      const pump = (): void => {
        while (!over.signal.aborted && socket.bufferedAmount < 1_000_000) {
          end.send(bytes, () => setImmediate(pump));
          sent += bytes.length;
        }
      };
      pump();
      await until('the far end stalls', () => socket.bufferedAmount >= 1_000_000);
      await new Promise((resolve) => setTimeout(resolve, 300));
      const stalled = sent;
      await new Promise((resolve) => setTimeout(resolve, 300));
      assert.equal(sent, stalled);
      assert.ok(stream.readableLength < 1_000_000, `${stream.readableLength} bytes held`);
      let received = 0;
      stream.on('data', (chunk: Buffer) => (received += chunk.length));
      await until('more than stalled', () => received > stalled * 2);
      over.abort();
      stream.destroy();
    });

    it('makes a writer wait while the far end does not read', async () => {
      const far = farEnd();
      const stream = await dial();
      const { socket } = await far;
      socket.pause();
      const chunk = Buffer.alloc(65_536);
      let written = 0;
      const pump = (): void => {
        while (written < 1e9 && stream.write(chunk)) written += chunk.length;
      };
      stream.on('drain', pump);
      pump();
      let before = -1;
      await until('the writer waits', () => {
        const isStill = before === written;
        before = written;
        return isStill && stream.writableNeedDrain;
      });
      await new Promise((resolve) => setTimeout(resolve, 300));
      assert.ok(written < 32e6, `${written} bytes taken`);
      const stalled = written;
      socket.resume();
      await until('it goes on', () => written > stalled);
      stream.destroy();
    });

    it('ends with the words of the error channel', async () => {
      fake.onForward = (far) => {
        far.confirm();
        far.fail('failed to connect to localhost:4711: connection refused');
        far.end();
      };
      const error = await failure(await dial());
      assert.match(error.message, /port-forward: .*connection refused/);
    });

    it('ends with a reason when the connection is cut', async () => {
      const stream = await dial();
      const error = failure(stream);
      fake.cut();
      assert.match((await error).message, /cut|ECONNRESET|hang up/);
    });

    it('ends in order when the far end closes in order', async () => {
      const far = farEnd();
      const stream = await dial();
      (await far).send(Buffer.from('bye'));
      (await far).end();
      const chunks = await stream.toArray();
      assert.equal(Buffer.concat(chunks as Buffer[]).toString(), 'bye');
    });

    it('ends with the code of any other close', async () => {
      const far = farEnd();
      const stream = await dial();
      const error = failure(stream);
      (await far).socket.close(1011, 'going down');
      assert.match((await error).message, /code 1011: going down/);
    });

    it('refuses what is no port-forward', async () => {
      fake.onForward = ({ socket }) => socket.send(Buffer.from([0, 0, 0, 9, 0, 0, 0, 1, 2]));
      await assert.rejects(dial(), { code: 'port-forward-failed', message: /broke the port-forward protocol/ });
    });

    it('closes the connection when it is destroyed', async () => {
      const far = farEnd();
      const stream = await dial();
      const closed = once((await far).socket, 'close');
      stream.destroy();
      await closed;
      await until('no connection is left', () => fake.sockets.size === 0);
    });

    it('gives up when it is aborted while the server is silent', async () => {
      fake.onForward = () => {};
      const controller = new AbortController();
      const reason = new Error('enough');
      const dialled = dialPod(server, to, controller.signal);
      await until('the handshake', () => fake.seen.length === 1);
      controller.abort(reason);
      await assert.rejects(dialled, reason);
      await until('no connection is left', () => fake.sockets.size === 0);
    });

    it('gives up by itself when the server is silent', async function () {
      this.timeout(40_000);
      fake.onForward = () => {};
      await assert.rejects(dial(), { code: 'port-forward-failed', message: /no answer within 10 s/ });
    });

    it('says that the pod is gone', async () => {
      fake.refuseForward = { status: 404, body: JSON.stringify({ message: 'pods "p" not found' }) };
      await assert.rejects(dial(), { code: 'port-forward-no-pod', message: /pods "p" not found/ });
    });

    it('says which right is missing', async () => {
      fake.refuseForward = {
        status: 403,
        body: JSON.stringify({ message: 'User "jane" cannot create pods/portforward' }),
      };
      await assert.rejects(dial(), { code: 'port-forward-forbidden', message: /jane/ });
    });

    it('falls back to the legacy form, for good, where the better one is not understood', async () => {
      fake.isLegacy = true;
      fake.protocol = 'v4.channel.k8s.io';
      (await dial()).destroy();
      assert.equal(fake.seen.length, 2);
      (await dial()).destroy();
      assert.equal(fake.seen.length, 3);
    });

    it('shows what a proxy says that lets no WebSocket through', async () => {
      fake.refuseForward = { status: 502, body: '<html>Bad gateway' };
      await assert.rejects(dial(), { code: 'port-forward-refused', message: /HTTP 502 <html>Bad gateway/ });
    });

    it('renews credentials once when they are refused', async () => {
      fake.refuseForward = { status: 401, body: '{"message":"Unauthorized"}' };
      await assert.rejects(dial(), { code: 'credentials-rejected' });
      assert.equal(asked, 1);
      assert.equal(fake.seen.length, 2);
    });
  });
}
