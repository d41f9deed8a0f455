/**
 * REST as Kubernetes speaks it: JSON objects, lists in pages, watches and logs as lines.  See cluster.ts for why this is
 * not the client library.
 */
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { callbackify } from 'node:util';
import { MirrordError } from '../../errors.ts';
import type { Identity } from '../credentials/identity.ts';
import { traced } from '../../trace.ts';
import { ApiError, credentialsRejected, type StatusBody } from './api-error.ts';
import { explainConnectFailure } from './explain.ts';
import { lines } from './lines.ts';
import type { Server } from './server.ts';

/** An API server under load answers within a second or two; its own limit is 60 s. */
const ANSWER_DEADLINE_MS = 15_000;
/** client-go's page size for lists. */
const PAGE = 500;
/** Bounds what a broken or hostile server can make us hold: a page of 500 large pods is some 15 MB. */
const BODY_LIMIT = 128 * 1024 * 1024;
/** Priority and fairness (and managed clusters' own limits) turn away with `Retry-After: 1`; client-go comes back 10 times. */
const BUSY_RETRIES = 5;
const BUSY_LEAST_MS = 100;
const BUSY_MOST_MS = 2_000;
/** Connections kept for reuse; watches hold their own. */
const IDLE_SOCKETS = 4;

export interface ApiRequest {
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly deadlineMs?: number;
}

export interface ApiWrite extends ApiRequest {
  readonly body: unknown;
  readonly contentType?: string;
  /** Called for each `Warning` header (admission's advice). */
  readonly warn?: (text: string) => void;
}

export interface Page<T> {
  readonly metadata: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items: readonly T[];
}

export class Api {
  readonly #server: Server;
  readonly #closing = new AbortController();
  #agent: http.Agent;
  #certificate: unknown;

  constructor(server: Server) {
    this.#server = server;
    this.#agent = this.#newAgent();
  }

  get<T>(request: ApiRequest): Promise<T> {
    return this.#json<T>('GET', request);
  }

  create<T>(request: ApiWrite): Promise<T> {
    return this.#json<T>('POST', request);
  }

  patch<T>(request: ApiWrite): Promise<T> {
    return this.#json<T>('PATCH', request);
  }

  delete<T>(request: ApiWrite): Promise<T> {
    return this.#json<T>('DELETE', request);
  }

  /** Page by page; stops before the end when `more` says that what was read is enough. */
  async list<T>(
    request: ApiRequest,
    more: (read: readonly T[]) => boolean = () => true,
  ): Promise<{ items: T[]; resourceVersion: string; complete: boolean }> {
    const items: T[] = [];
    let token = '';
    for (;;) {
      const query = { limit: String(PAGE), ...request.query, ...(token === '' ? {} : { continue: token }) };
      const page = await this.get<Page<T>>({ ...request, query });
      items.push(...page.items);
      token = page.metadata.continue ?? '';
      const complete = token === '';
      if (complete || !more(items)) {
        return { items, resourceVersion: page.metadata.resourceVersion ?? '', complete };
      }
    }
  }

  /** The lines of an answer that goes on (watch, followed log), until it ends or the signal aborts. */
  async *follow(request: ApiRequest): AsyncGenerator<string> {
    // The deadline is for the head alone: what follows lasts as long as there is something to tell.
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(new DOMException('no answer', 'TimeoutError')), ANSWER_DEADLINE_MS);
    let response: IncomingMessage;
    try {
      response = await this.#send('GET', request, AbortSignal.any([request.signal, late.signal]));
      if (response.statusCode !== 200) throw await failure(response);
    } catch (error) {
      request.signal.throwIfAborted();
      if (error instanceof ApiError || error instanceof MirrordError) throw error;
      throw explainConnectFailure(late.signal.aborted ? late.signal.reason : error, this.#server.title);
    } finally {
      clearTimeout(timer);
    }
    yield* lines(response, request.signal);
  }

  close(): void {
    this.#closing.abort();
    this.#agent.destroy();
  }

  async #json<T>(method: string, request: ApiRequest | ApiWrite): Promise<T> {
    const timeout = AbortSignal.timeout(request.deadlineMs ?? ANSWER_DEADLINE_MS);
    const signal = AbortSignal.any([request.signal, timeout]);
    try {
      const response = await this.#send(method, request, signal);
      if ('warn' in request) warnings(response).forEach((text) => request.warn?.(text));
      if (response.statusCode! >= 300) throw await failure(response);
      const text = await bodyOf(response);
      try {
        return JSON.parse(text) as T;
      } catch {
        const answer = `the server at ${this.#server.endpoint.url} does not answer like a Kubernetes API`;
        throw new MirrordError('cluster', 'api-answer', `${answer}: ${text.slice(0, 200)}`, {
          help: "Is `server` in the kubeconfig right? A proxy's login page can look like this.",
        });
      }
    } catch (error) {
      request.signal.throwIfAborted();
      if (error instanceof ApiError || error instanceof MirrordError) throw error;
      throw explainConnectFailure(timeout.aborted ? timeout.reason : error, this.#server.title);
    }
  }

  /** One answer's head; renews credentials once when they are refused, and comes back when told to. */
  async #send(method: string, request: ApiRequest | ApiWrite, signal: AbortSignal): Promise<IncomingMessage> {
    let mayRenew = true;
    for (let attempt = 1; ; attempt++) {
      const identity = await this.#server.identity(signal);
      this.#useCertificate(identity);
      const response = await traced(
        () => `${method} ${request.path}${queryOf(request)}`,
        () => this.#exchange(method, request, identity, signal),
        ({ statusCode }) => String(statusCode),
      );
      const pauseMs = attempt > BUSY_RETRIES ? null : busyFor(response);
      if (pauseMs !== null) {
        response.resume();
        await delay(pauseMs, undefined, { signal });
        continue;
      }
      if (response.statusCode !== 401) return response;
      const error = await failure(response);
      if (mayRenew && this.#server.refused()) {
        mayRenew = false;
        continue;
      }
      throw credentialsRejected(this.#server.title, error.message, error);
    }
  }

  async #exchange(
    method: string,
    request: ApiRequest | ApiWrite,
    identity: Identity,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const { endpoint } = this.#server;
    const body = 'body' in request ? JSON.stringify(request.body) : undefined;
    const options: https.RequestOptions = {
      method,
      host: endpoint.host,
      port: endpoint.port,
      path: `${endpoint.path}${request.path}${queryOf(request)}`,
      agent: this.#agent,
      signal,
      headers: {
        accept: 'application/json',
        'user-agent': 'mirrord',
        ...mutable(identity.headers),
        ...(body === undefined
          ? {}
          : {
              'content-type': ('contentType' in request && request.contentType) || 'application/json',
              'content-length': Buffer.byteLength(body),
            }),
      },
    };
    for (;;) {
      const sent = (endpoint.secure ? https : http).request(options);
      try {
        return await new Promise<IncomingMessage>((resolve, reject) => {
          // A request that still waits for its connection does not end by its own signal.
          const abort = (): void => reject(signal.reason as Error);
          signal.addEventListener('abort', abort, { once: true });
          sent.once('close', () => signal.removeEventListener('abort', abort));
          sent.once('response', resolve).on('error', reject);
          if (signal.aborted) abort();
          sent.end(body);
        });
      } catch (error) {
        // A kept connection that the server closed just then: the request was not looked at.
        const stale = sent.reusedSocket && (error as NodeJS.ErrnoException).code === 'ECONNRESET';
        if (!stale || signal.aborted) throw error;
      }
    }
  }

  /** A certificate belongs to the connection, not to the request: a new one needs new connections. */
  #useCertificate(identity: Identity): void {
    const certificate = identity.cert?.toString();
    if (certificate === this.#certificate) return;
    if (this.#certificate !== undefined) {
      this.#agent.destroy();
      this.#agent = this.#newAgent();
    }
    this.#certificate = certificate;
  }

  #newAgent(): http.Agent {
    const server = this.#server;
    // Not the request's own signal: a connection in the making serves whichever request comes next.
    const { signal } = this.#closing;
    const connect = callbackify(async () => server.connect(await server.identity(signal), signal));
    const Base = server.endpoint.secure ? https.Agent : http.Agent;
    class ServerAgent extends Base {
      override createConnection(
        _options: unknown,
        callback?: (error: Error | null, socket: Socket) => void,
      ): undefined {
        connect((error, socket) => callback?.(error, socket));
      }
    }
    return new ServerAgent({ keepAlive: true, maxFreeSockets: IDLE_SOCKETS });
  }
}

const queryOf = ({ query }: ApiRequest): string =>
  query === undefined ? '' : `?${new URLSearchParams(query).toString()}`;

/** A server that has too much to do names the pause (429 and 503, RFC 9110 section 10.2.3); null from any other. */
function busyFor({ statusCode, headers }: IncomingMessage): number | null {
  if (statusCode !== 429 && statusCode !== 503) return null;
  const seconds = Number(headers['retry-after'] ?? Number.NaN);
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds * 1000, BUSY_LEAST_MS), BUSY_MOST_MS) : null;
}

async function bodyOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > BODY_LIMIT) throw new Error(`an answer of more than ${BODY_LIMIT} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function failure(response: IncomingMessage): Promise<ApiError> {
  const text = await bodyOf(response);
  const status = response.statusCode ?? 0;
  let body: StatusBody = {};
  try {
    body = JSON.parse(text) as StatusBody;
  } catch {
    // A proxy's page, or nothing: its beginning is all there is to tell.
  }
  return new ApiError(status, body, text.trim().slice(0, 300) || response.statusMessage || `HTTP ${status}`);
}

/** Warning headers (RFC 7234 section 5.5): `299 - "text"`. */
function warnings(response: IncomingMessage): string[] {
  const header = response.headers['warning'];
  if (header === undefined) return [];
  return [...header.matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)].map((match) => match[1].replace(/\\(.)/g, '$1'));
}

function mutable(headers: Identity['headers']): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, typeof value === 'string' ? value : [...value]]),
  );
}
