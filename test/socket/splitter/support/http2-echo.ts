/** A server of HTTP/2 that says who it is, what it has got, and does as the path says. */
import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http2';
import type { Http2Server, ServerHttp2Session, ServerHttp2Stream, Settings } from 'node:http2';

export interface Echo {
  readonly server: Http2Server;
  readonly sessions: ReadonlySet<ServerHttp2Session>;
  /** RST of all connections, and no more of them. */
  kill(): void;
}

export interface EchoOptions {
  readonly settings?: Settings;
  /** Of the connection, bytes. */
  readonly window?: number;
}

export function sha1(data: Uint8Array): string {
  return createHash('sha1').update(data).digest('hex');
}

/** The same bytes for the same length and seed. */
export function bodyFor(length: number, seed: number): Buffer {
  const body = Buffer.alloc(length);
  let state = (seed * 2_654_435_761) >>> 0;
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    body[at] = state >>> 24;
  }
  return body;
}

export function http2Echo(name: string, { settings = {}, window }: EchoOptions = {}): Echo {
  const server = createServer({
    settings,
    maxHeaderListPairs: 2_000,
    maxSessionMemory: 1_000,
    maxSendHeaderBlockLength: 1 << 20,
    streamResetBurst: 1e6,
    streamResetRate: 1e6,
  });
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
    session.on('error', () => {});
    if (window !== undefined) session.setLocalWindowSize(window);
  });
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    const path = new URL(headers[':path'] ?? '/', 'http://a');
    const act = ACTS[path.pathname];
    if (act === undefined) echo(name, stream, path.searchParams, headers['x-big-0'] as string | undefined);
    else act(name, stream, path.searchParams, sessions);
  });
  return {
    server,
    sessions,
    kill() {
      for (const session of sessions) session.socket.resetAndDestroy();
      server.close();
    },
  };
}

/** Answers that have begun, and end by a reset. */
const held = new Set<ServerHttp2Stream>();

type Act = (
  name: string,
  stream: ServerHttp2Stream,
  query: URLSearchParams,
  sessions: ReadonlySet<ServerHttp2Session>,
) => void;

const ACTS: Readonly<Record<string, Act>> = {
  '/state': (name, stream) => {
    const state = JSON.stringify(stream.session?.state);
    stream.respond({ ':status': 200, 'x-side': name });
    stream.end(state);
  },
  '/reset': (name, stream, query) => {
    if (query.get('late') === null) return stream.close(Number(query.get('code')));
    stream.respond({ ':status': 200, 'x-side': name });
    stream.write(Buffer.alloc(1_000));
    held.add(stream);
  },
  '/goaway': (name, stream, query, sessions) => {
    for (const session of sessions) session.goaway(0, Number(query.get('last')));
    stream.respond({ ':status': 200, 'x-side': name });
    stream.end();
  },
  '/close': (name, stream, _query, sessions) => {
    for (const session of sessions) session.close();
    stream.respond({ ':status': 200, 'x-side': name });
    stream.end();
  },
  '/settings': (name, stream, query, sessions) => {
    for (const session of sessions) session.settings(JSON.parse(query.get('json') ?? '{}') as Settings);
    stream.respond({ ':status': 200, 'x-side': name });
    stream.end();
  },
  /** Of those that answered `/reset?late`. */
  '/destroy': (name, stream) => {
    for (const one of held) one.destroy(new Error('on purpose'));
    held.clear();
    stream.respond({ ':status': 200, 'x-side': name });
    stream.end();
  },
  '/never': () => {},
};

function echo(name: string, stream: ServerHttp2Stream, query: URLSearchParams, bigField: string | undefined): void {
  const hash = createHash('sha1');
  let got = 0;
  let trailer = '';
  stream.on('trailers', (trailers) => (trailer = String(trailers['x-t'])));
  if (query.get('interim') !== null) stream.additionalHeaders({ ':status': 103, link: '</x>' });
  const extra: Record<string, string> = {};
  for (let at = 0; at < Number(query.get('fields') ?? 0); at++) extra[`x-big-${at}`] = randomBytes(500).toString('hex');
  stream.on('data', (chunk: Buffer) => {
    got += chunk.length;
    hash.update(chunk);
  });
  stream.on('end', () => {
    if (stream.destroyed) return;
    const body = bodyFor(Number(query.get('length') ?? 0), Number(query.get('seed') ?? 1));
    stream.respond(
      {
        ':status': 200,
        'x-side': name,
        'x-got': got,
        'x-hash': hash.digest('hex'),
        'x-trailer': trailer,
        'x-big': bigField?.length ?? 0,
        ...extra,
      },
      { waitForTrailers: true },
    );
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': sha1(body) }));
    stream.end(body);
  });
}
