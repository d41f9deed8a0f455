import { deepEqual, equal } from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { SecureClientSessionOptions, Settings } from 'node:http2';
import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { SETTING, TYPE } from '../../../src/splitter/http2/frame.ts';
import type { Frame } from '../../../src/splitter/http2/frame.ts';
import { ask, END, frame, framesOf, HELLO, payloads, settings, word } from '../../support/http2-frames.ts';
import { random } from '../../unit/support/mux-pair.ts';
import { Http2Client, isWhole } from './support/http2-client.ts';
import { bodyFor, http2Echo, sha1, type Echo } from './support/http2-echo.ts';
import { listening, splitPort } from './support/ports.ts';
import { RawClient } from './support/raw-client.ts';

interface Mix {
  readonly requests: number;
  readonly concurrent: number;
  /** How many of them are picked. */
  readonly share: number;
  readonly longest: number;
  readonly seed: number;
}

/** One of the many: everything that can differ does. */
async function askOne(client: Http2Client, index: number, next: () => number, { share, longest }: Mix): Promise<void> {
  const alice = next() < share;
  const length = Math.floor(next() * (next() < 0.5 ? longest : 2_000));
  const upload = next() < 0.5 ? bodyFor(Math.floor(next() * longest), index + 7) : undefined;
  const interim = index % 7 === 0;
  const fields = index % 97 === 0 ? 40 : 0;
  const headers: Record<string, string> = {
    'x-r': `r${index % 13}`,
    [`x-k${index % 40}`]: `v${index % 3}`,
    cookie: `a=${index % 5}`,
  };
  if (index % 89 === 0) for (let at = 0; at < 30; at++) headers[`x-big-${at}`] = randomBytes(500).toString('hex');
  const trailer = upload === undefined ? undefined : `t${index}`;
  const path = `/e?length=${length}&seed=${index}&fields=${fields}${interim ? '&interim' : ''}`;
  const outcome = await client.ask(path, {
    alice,
    headers,
    ...(upload && { body: upload }),
    ...(trailer !== undefined && { trailer }),
  });
  deepEqual(
    {
      side: outcome.side,
      got: outcome.headers['x-got'],
      hash: outcome.headers['x-hash'],
      trailer: outcome.headers['x-trailer'],
      big: outcome.headers['x-big'],
      fields: outcome.headers['x-big-39']?.length ?? 0,
      length: outcome.body.length,
      whole: isWhole(outcome),
      interim: outcome.interim,
    },
    {
      side: alice ? 'developer' : 'original',
      got: String(upload?.length ?? 0),
      hash: sha1(upload ?? Buffer.alloc(0)),
      trailer: trailer ?? '',
      big: index % 89 === 0 ? '1000' : '0',
      fields: fields === 0 ? 0 : 1_000,
      length,
      whole: true,
      interim: interim ? 1 : 0,
    },
    `request ${index}`,
  );
}

async function askMany(
  port: number,
  mix: Mix,
  options: SecureClientSessionOptions = {},
  window?: number,
): Promise<void> {
  using client = new Http2Client(port, { peerMaxConcurrentStreams: mix.concurrent, ...options });
  if (window !== undefined) client.session.on('connect', () => client.session.setLocalWindowSize(window));
  const next = random(mix.seed);
  let index = 0;
  const worker = async (): Promise<void> => {
    while (index < mix.requests) await askOne(client, ++index, next, mix);
  };
  await Promise.all(Array.from({ length: mix.concurrent }, worker));
  deepEqual(client.events, []);
  // Both ends agree about the window of the connection: nothing was lost or made up on the way.
  const server = JSON.parse((await client.ask('/state')).body.toString()) as { localWindowSize: number };
  equal(client.session.state.remoteWindowSize, server.localWindowSize);
}

/** A port that passes bytes on in small pieces, both ways. */
function choppingPort(to: number, largest: number, next: () => number): Server {
  const pass = (from: Socket, other: Socket): void => {
    from.on('data', (bytes: Buffer) => {
      for (let at = 0; at < bytes.length;) {
        const end = at + 1 + Math.floor(next() * largest);
        other.write(bytes.subarray(at, end));
        at = end;
      }
    });
    from.on('end', () => other.end());
    from.on('error', () => other.destroy());
    from.on('close', () => other.destroy());
  };
  return createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    const onward = connect({ port: to, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
    pass(socket, onward);
    pass(onward, socket);
  });
}

describe('many HTTP/2 requests on one connection', () => {
  let original: Echo;
  let developer: Echo;
  let ports: readonly [number, number];

  const start = async (
    originalSettings: Settings = {},
    developerSettings: Settings = {},
    window?: number,
  ): Promise<void> => {
    original = http2Echo('original', { settings: originalSettings, ...(window !== undefined && { window }) });
    developer = http2Echo('developer', { settings: developerSettings });
    ports = [await listening(original.server), await listening(developer.server)];
  };

  afterEach(() => {
    original.kill();
    developer.kill();
  });

  it('are each answered whole, by the right side', async () => {
    await start();
    await using split = await splitPort(...ports);
    for (const share of [0, 0.25, 0.5, 1])
      await askMany(split.port, { requests: 200, concurrent: 40, share, longest: 200_000, seed: share * 100 + 1 });
  });

  it('whatever the client has announced', async () => {
    await start();
    await using split = await splitPort(...ports);
    const mix = { requests: 100, concurrent: 30, share: 0.4, longest: 100_000, seed: 7 };
    await askMany(split.port, mix, { settings: { initialWindowSize: 7_000, headerTableSize: 100 } });
    await askMany(
      split.port,
      mix,
      { settings: { initialWindowSize: 1_000_000, headerTableSize: 65_536, maxFrameSize: 100_000 } },
      3_000_000,
    );
    await askMany(split.port, mix, { settings: { headerTableSize: 0, enablePush: false } });
  });

  it('whatever the servers have announced', async () => {
    for (const [one, other, window] of [
      [
        { maxConcurrentStreams: 9, headerTableSize: 0 },
        { maxConcurrentStreams: 5, initialWindowSize: 3_000 },
        undefined,
      ],
      [
        { maxFrameSize: 200_000, initialWindowSize: 2_000_000 },
        { headerTableSize: 200, maxFrameSize: 60_000 },
        4_000_000,
      ],
    ] as const) {
      await start(one, other, window);
      await using split = await splitPort(...ports);
      await askMany(split.port, { requests: 150, concurrent: 8, share: 0.5, longest: 100_000, seed: 11 });
      original.kill();
      developer.kill();
    }
  });

  it('in pieces of any size', async () => {
    await start();
    const next = random(3);
    const choppers = ports.map((port) => choppingPort(port, 900, next));
    const [one, other] = await Promise.all(choppers.map((server) => listening(server)));
    await using split = await splitPort(one, other);
    const last = choppingPort(split.port, 500, next);
    await askMany(await listening(last), { requests: 150, concurrent: 20, share: 0.4, longest: 40_000, seed: 5 });
    for (const server of [...choppers, last]) server.close();
  });

  it('by a client that does not read for a while', async () => {
    await start();
    await using split = await splitPort(...ports);
    const client = new RawClient(split.port);
    const windows =
      settings([SETTING.INITIAL_WINDOW_SIZE, 0x7fff_ffff]) + frame('WINDOW_UPDATE', 0, 0, word(0x7fff_0000));
    const requests = [1, 3, 5, 7].map((id) => ask(id, '/e?length=3000000&seed=1', id % 4 === 1 ? 'alice' : 'bob'));
    client.socket.pause();
    client.send(HELLO + windows + requests.join(''));
    await stalled(() => client.socket.bytesRead + split.requests.length);
    client.socket.resume();
    await client.until(
      () => client.received.length > 12_000_000 && framesOf(client.received).filter(isEnd).length === 4,
    );
    for (const id of [1, 3, 5, 7])
      equal(sha1(Buffer.concat(payloads(client.received, 'DATA', id))), sha1(bodyFor(3_000_000, 1)));
    client.socket.destroy();
  });
});

const isEnd = ({ type, flags }: Frame): boolean => type <= TYPE.HEADERS && (flags & END) !== 0;

/** Until a number has not changed for a while. */
async function stalled(count: () => number): Promise<void> {
  for (let before = -1; before !== count();) {
    before = count();
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
