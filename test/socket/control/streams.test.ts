import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { type Socket, createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Feed } from '../../../src/control/feed.ts';
import { ask, follow } from '../../../src/control/request.ts';
import { ControlServer, EventStream } from '../../../src/control/server.ts';
import { CONTROL_VERSION, type Numbered } from '../../../src/control/wire.ts';
import { MirrordError } from '../../../src/errors.ts';
import { until } from '../support/agent-process.ts';

const own = process.geteuid?.() ?? -1;
const soon = (): AbortSignal => AbortSignal.timeout(5_000);

describe('a stream of events on the control socket', () => {
  let folder: string;
  let path: string;
  let server: ControlServer;
  let feed: Feed<unknown>;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mirrord-control-'));
    path = join(folder, 'control.sock');
    feed = new Feed();
    server = new ControlServer(path, {
      value: () => 1,
      watch: (_params, signal) => new EventStream(feed.follow(signal)),
      fail: () => new EventStream(failing()),
    });
    await server.listen();
  });
  afterEach(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });

  async function* failing(): AsyncGenerator<Numbered<unknown>> {
    yield { seq: 1, event: 'so far' };
    throw new MirrordError('host', 'some-code', 'It is so.');
  }

  /** Collects what is heard; resolves at the stream's end. */
  function listen(method = 'watch', place = path): { readonly heard: unknown[]; readonly end: Promise<void> } {
    const heard: unknown[] = [];
    const end = (async () => {
      for await (const next of follow(place, method, undefined, soon(), own)) heard.push(next);
    })();
    end.catch(() => {});
    return { heard, end };
  }

  it('brings each as it happens, to all who follow, and ends with the session', async () => {
    const both = [listen(), listen()];
    await until(() => feed.isFollowed, 'a follower');
    // Each in an event of its own: the first may come before the second follower.
    for (let i = 1; both.some(({ heard }) => heard.length < 3); i++) {
      feed.publish({ i });
      await until(() => both.some(({ heard }) => heard.length >= Math.min(i, 3)), 'the event');
    }
    const [first] = both;
    assert.deepEqual(first?.heard.slice(0, 2), [
      { seq: 1, event: { i: 1 } },
      { seq: 2, event: { i: 2 } },
    ]);
    await server.close();
    await Promise.all(both.map(({ end }) => end));
    await server.listen();
  });

  it('costs nothing when nobody follows any more', async () => {
    const socket = createConnection(path);
    socket.write(`{"version":${CONTROL_VERSION},"method":"watch"}\n`);
    await until(() => feed.isFollowed, 'the follower');
    socket.destroy();
    await until(() => !feed.isFollowed, 'its end');
  });

  it('does not wait for a reader who lags, whom the numbers tell of it', async () => {
    const socket: Socket = createConnection(path);
    socket.write(`{"version":${CONTROL_VERSION},"method":"watch"}\n`);
    await until(() => feed.isFollowed, 'the follower');
    const before = process.memoryUsage().heapUsed;
    const text = 'x'.repeat(10_000);
    for (let i = 0; i < 20_000; i++) {
      feed.publish(text);
      if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    assert.ok(process.memoryUsage().heapUsed - before < 50e6);
    let answer = '';
    socket.on('data', (chunk) => (answer += chunk.toString()));
    await until(() => answer.includes('"seq":20000,'), 'the last');
    const numbers = [...answer.matchAll(/"seq":(\d+)/g)].map(([, number]) => Number(number));
    assert.deepEqual(
      numbers,
      numbers.toSorted((a, b) => a - b),
    );
    assert.ok(numbers.length < 10_000, `${numbers.length} events were kept`);
    socket.destroy();
  });

  it('ends with the error that ended it', async () => {
    const { heard, end } = listen('fail');
    await assert.rejects(end, { code: 'some-code', message: 'It is so.' });
    assert.deepEqual(heard, [{ seq: 1, event: 'so far' }]);
  });

  for (const [what, lines, reason] of [
    ['is cut off', '{"stream":"events"}\n{"seq":1,"event":2}\n', /closed the connection/],
    ['is cut off within a line', '{"stream":"events"}\n{"seq":1,"ev', /closed the connection/],
    ['makes no sense', '{"stream":"events"}\nnonsense\n', /not JSON/],
    ['has a line without end', `{"stream":"events"}\n${'x'.repeat(9 << 20)}`, /longer than/],
  ] as const)
    it(`that ${what} is no end in order`, async () => {
      const odd = createServer((socket) =>
        socket
          .resume()
          .on('error', () => {})
          .end(lines),
      );
      const oddPath = join(folder, 'odd.sock');
      await new Promise<void>((resolve) => odd.listen(oddPath, resolve));
      await assert.rejects(listen('watch', oddPath).end, { code: 'session-no-answer', message: reason });
      await new Promise((resolve) => odd.close(resolve));
    });

  it('is not mistaken for a value, nor a value for it', async () => {
    await assert.rejects(ask(path, 'watch', undefined, soon(), own), { code: 'session-no-answer', message: /stream/ });
    await assert.rejects(listen('value').end, { code: 'session-no-answer', message: /not a stream/ });
  });

  it('is for the session’s user and root alone', async () => {
    const place = join(folder, 'others.sock');
    const others = new ControlServer(place, { watch: () => new EventStream(failing()) }, own + 1);
    await others.listen();
    // Root is answered all the same.
    await assert.rejects(listen('watch', place).end, { code: own === 0 ? 'some-code' : 'session-not-yours' });
    await others.close();
  });
});
