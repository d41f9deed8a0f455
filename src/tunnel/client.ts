/** The near end: `createTunnel` dials, says hello, and speaks HTTP/2 as the client. */
import { once } from 'node:events';
import { connect as connectHttp2, constants } from 'node:http2';
import type {
  ClientHttp2Session,
  ClientHttp2Stream,
  Http2Stream,
  IncomingHttpHeaders,
  OutgoingHttpHeaders,
} from 'node:http2';
import { MirrordError } from '../errors.ts';
import { formatAuthority, formatUdpPath } from './authority.ts';
import { ByteStream } from './byte-stream.ts';
import { Http2Datagrams } from './datagrams.ts';
import { readErrno } from './errno.ts';
import { Http2Flow } from './flow.ts';
import { createSessionId } from './hello.ts';
import { SESSION_OPTIONS, grantWindow, sessionSettings } from './http2-settings.ts';
import type { TunnelKey } from './key.ts';
import { ANSWER_LIMIT_MS, ENVIRONMENT_LIMIT, INFO_LIMIT, MESSAGE_LIMIT, RESUME_LIMIT_MS } from './limits.ts';
import { Pauses, connect, reconnect } from './redial.ts';
import { askReset } from './reset.ts';
import type {
  AgentInfo,
  Dial,
  DialOutcome,
  Tunnel,
  TunnelDatagrams,
  TunnelEvents,
  TunnelOptions,
  TunnelStream,
} from './tunnel.ts';

const AUTHORITY = 'agent';
const OK: DialOutcome = { ok: true };
const LOST: DialOutcome = { ok: false, errno: 'ECONNRESET' };

/** Rejects with a MirrordError when the agent refuses, with the dial's own error when it cannot be reached. */
export async function createTunnel(
  dial: Dial,
  key: TunnelKey,
  options: TunnelOptions,
  events: TunnelEvents,
): Promise<Tunnel> {
  const ended = new AbortController();
  const signal = options.signal === undefined ? ended.signal : AbortSignal.any([ended.signal, options.signal]);
  const id = createSessionId();
  const limitMs = options.resumeLimitMs ?? RESUME_LIMIT_MS;
  const pauses = new Pauses();
  let ready = false;
  let tunnel: Http2Tunnel | null = null;

  const die = (reason: string): void => {
    if (ended.signal.aborted) return;
    ended.abort(new Error(reason));
    stream.destroy();
    tunnel?.destroy();
    if (ready) events.dead(reason);
  };
  const stream = new ByteStream({
    lost(reason) {
      if (ready) events.lost(reason);
      reconnect(stream, dial, key.privateKey, id, limitMs, pauses, ended.signal).then(
        () => {
          if (tunnel === null) return;
          tunnel.resumes++;
          tunnel.adapt();
          if (ready) events.resumed();
        },
        (error: unknown) => die(error instanceof Error ? error.message : String(error)),
      );
    },
    closed: (reason) => die(`the agent ended the session: ${reason}`),
  });

  await connect(stream, dial, key.privateKey, id, signal);
  const session = connectHttp2(`http://${AUTHORITY}`, {
    ...SESSION_OPTIONS,
    settings: sessionSettings(stream.roundTrip),
    createConnection: () => stream,
  });
  tunnel = new Http2Tunnel(session, stream, pauses, () => {
    ended.abort(new Error('closed'));
  });
  // What is wrong with an HTTP/2 session ends it; 'close' says so.
  session.on('error', () => {});
  session.on('close', () => die('the HTTP/2 session ended'));
  try {
    await once(session, 'remoteSettings', { signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_LIMIT_MS)]) });
  } catch (error) {
    die('no HTTP/2 settings came');
    options.signal?.throwIfAborted();
    throw new MirrordError('agent', 'tunnel-silent', 'The agent accepted the connection and then said nothing.', {
      cause: error,
      help: 'Run `mirrord up` again; the agent log has more.',
    });
  }
  ready = true;
  return tunnel;
}

class Http2Tunnel implements Tunnel {
  resumes = 0;
  readonly #session: ClientHttp2Session;
  readonly #stream: ByteStream;
  readonly #pauses: Pauses;
  readonly #closed: () => void;
  readonly #cancel: (stream: Http2Stream) => void;

  constructor(session: ClientHttp2Session, stream: ByteStream, pauses: Pauses, closed: () => void) {
    this.#session = session;
    this.#stream = stream;
    this.#pauses = pauses;
    this.#closed = closed;
    const grant = (): void => grantWindow(session, stream.window);
    session.once('connect', () => {
      grant();
      stream.onWindow = grant;
    });
    this.#cancel = (unwanted) => askReset(session, unwanted);
  }

  connect(host: string, port: number): TunnelStream {
    const stream = this.#request({ ':method': 'CONNECT', ':authority': formatAuthority(host, port) }, false);
    if (stream === null) return deadStream();
    return Object.assign(new Http2Flow(stream, this.#cancel), { opened: outcome(stream) });
  }

  datagrams(host: string, port: number): TunnelDatagrams {
    const stream = this.#request(
      {
        ':method': 'CONNECT',
        ':protocol': 'connect-udp',
        ':scheme': 'http',
        ':path': formatUdpPath(host, port),
        ':authority': AUTHORITY,
        'capsule-protocol': '?1',
      },
      false,
    );
    if (stream === null) return deadDatagrams();
    return Object.assign(new Http2Datagrams(stream), { opened: outcome(stream) });
  }

  async resolve(message: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    const headers = { ':method': 'POST', ':path': '/dns-query', 'content-type': 'application/dns-message' };
    return this.#ask(headers, message, MESSAGE_LIMIT, signal);
  }

  async probe(host: string): Promise<DialOutcome> {
    const stream = this.#request({ ':method': 'GET', ':path': `/probe/${encodeURIComponent(host)}` }, true);
    if (stream === null) return LOST;
    const deadline = setTimeout(() => this.#cancel(stream), ANSWER_LIMIT_MS);
    stream.on('error', () => {});
    stream.resume();
    try {
      return await outcome(stream);
    } finally {
      clearTimeout(deadline);
    }
  }

  async info(): Promise<AgentInfo> {
    const signal = AbortSignal.timeout(ANSWER_LIMIT_MS);
    const body = await this.#ask({ ':method': 'GET', ':path': '/info' }, null, INFO_LIMIT, signal);
    // The agent is of our own release (the hello has compared versions), and proved by where it runs.
    const info: AgentInfo = JSON.parse(Buffer.from(body).toString());
    return info;
  }

  async environment(): Promise<string | null> {
    const signal = AbortSignal.timeout(ANSWER_LIMIT_MS);
    const body = await this.#ask({ ':method': 'GET', ':path': '/environment' }, null, ENVIRONMENT_LIMIT, signal);
    return body.length === 0 ? null : Buffer.from(body).toString();
  }

  ping(): Promise<number> {
    return new Promise((resolve, reject) => {
      const deadline = setTimeout(() => reject(new Error('no answer to a ping')), ANSWER_LIMIT_MS);
      const settle = (error: Error | null, ms: number): void => {
        clearTimeout(deadline);
        if (error === null) resolve(ms);
        else reject(error);
      };
      if (this.#session.destroyed) return settle(new Error('the tunnel is closed'), 0);
      if (!this.#session.ping(settle)) settle(new Error('too many pings at once'), 0);
    });
  }

  /** After a resume the path may be another one. */
  adapt(): void {
    const settings = sessionSettings(this.#stream.roundTrip);
    if (settings.initialWindowSize !== this.#session.localSettings.initialWindowSize) this.#session.settings(settings);
  }

  pathChanged(): void {
    this.#stream.doubt();
    this.#pauses.cut();
  }

  close(): void {
    this.#closed();
    this.#stream.farewell('the client closed the tunnel');
    this.destroy();
  }

  destroy(): void {
    this.#session.destroy();
  }

  /** Null when the tunnel is dead. */
  #request(headers: OutgoingHttpHeaders, endStream: boolean): ClientHttp2Stream | null {
    const session = this.#session;
    return session.destroyed || session.closed ? null : session.request(headers, { endStream });
  }

  #ask(headers: OutgoingHttpHeaders, body: Uint8Array | null, limit: number, signal: AbortSignal): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const stream = this.#request(headers, body === null);
      if (stream === null) return reject(new Error('the tunnel is closed'));
      const chunks: Buffer[] = [];
      let length = 0;
      let status = 0;
      const aborted = (): void => {
        this.#cancel(stream);
        reject(signal.reason);
      };
      signal.addEventListener('abort', aborted, { once: true });
      stream.on('response', (answer) => {
        status = answer[':status'] ?? 0;
        if (status !== 200) reject(new Error(`the agent could not answer: ${readErrno(answer)}`));
      });
      stream.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length > limit) this.#cancel(stream);
        else chunks.push(chunk);
      });
      stream.on('end', () => {
        const [first] = chunks;
        if (status === 200 && stream.rstCode === constants.NGHTTP2_NO_ERROR) {
          resolve(first !== undefined && chunks.length === 1 ? first : Buffer.concat(chunks));
        }
      });
      // Settled before, unless the stream ended out of order.
      stream.on('close', () => {
        signal.removeEventListener('abort', aborted);
        reject(new Error('the tunnel lost the question'));
      });
      stream.on('error', () => {});
      if (body !== null) stream.end(body);
    });
  }
}

/** How the far dial ended; a refused stream is closed from this side too. */
function outcome(stream: ClientHttp2Stream): Promise<DialOutcome> {
  return new Promise((resolve) => {
    stream.on('response', (headers: IncomingHttpHeaders & { ':status'?: number }) => {
      if (headers[':status'] === 200) return resolve(OK);
      resolve({ ok: false, errno: readErrno(headers) });
      stream.end();
      stream.resume();
    });
    stream.on('close', () => resolve(LOST));
  });
}

const nothing = (): void => {};

function deadStream(): TunnelStream {
  return {
    opened: Promise.resolve(LOST),
    write: (_chunk, done) => done(),
    end: nothing,
    reset: nothing,
    pause: nothing,
    resume: nothing,
    onData: nothing,
    onEnd: nothing,
    onReset: nothing,
  };
}

function deadDatagrams(): TunnelDatagrams {
  return { opened: Promise.resolve(LOST), send: nothing, close: nothing, onDatagram: nothing, onClosed: nothing };
}
