/**
 * The session's end of the control socket: one JSON line in, one out, then the connection ends.
 *
 * It answers the session's own user and root, by what the kernel says of the other end: the modes of folder (0700) and
 * socket (0600) may have been changed.  Even they may be broken: a question is bounded in size and time, and whatever is
 * no question gets an error and harms no other.
 */
import { chmod, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { MirrordError, describeError } from '../errors.ts';
import { peerUser } from '../native/peer-user.ts';
import type { ControlRequest, ControlResponse } from './protocol.ts';

/** `explain` and its kin take a host name and little else. */
const MAX_REQUEST_BYTES = 65_536;
/** From connect to the end of the question; a client that has something to ask, asks at once. */
const REQUEST_DEADLINE_MS = 5_000;
/** A person, an IDE and a prompt may all ask at the same time; more is a mistake. */
const MAX_CONNECTIONS = 64;

/** At the end, for answers that are on their way, ms. */
const LAST_ANSWERS_MS = 500;

/** The signal aborts when the asker has gone away. */
export type ControlHandler = (params: unknown, signal: AbortSignal) => unknown;

/** Root may do all that the user may. */
const ROOT = 0;

export class ControlServer {
  readonly #path: string;
  readonly #user: number | undefined;
  readonly #handlers: ReadonlyMap<string, ControlHandler>;
  readonly #server: Server;
  readonly #connections = new Set<Socket>();
  /** Each settles when its answer is written. */
  readonly #answering = new Set<Promise<void>>();

  /** `user`: who may ask besides root, by number; by default this process's own. */
  constructor(path: string, handlers: Readonly<Record<string, ControlHandler>>, user = process.geteuid?.()) {
    this.#path = path;
    this.#user = user;
    this.#handlers = new Map(Object.entries(handlers));
    this.#server = createServer((socket) => this.#accept(socket));
    this.#server.maxConnections = MAX_CONNECTIONS;
  }

  /** Resolves when questions are answered.  A socket that a dead session has left at the path is replaced. */
  async listen(): Promise<void> {
    await rm(this.#path, { force: true });
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#path, resolve);
    });
    await chmod(this.#path, 0o600);
  }

  /** Stops listening, gives what answers there are in time, and cuts those who are still connected. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    await Promise.race([Promise.all(this.#answering), delay(LAST_ANSWERS_MS, undefined, { ref: false })]);
    for (const socket of this.#connections) socket.destroy();
    await closed;
  }

  #accept(socket: Socket): void {
    const gone = new AbortController();
    const chunks: Buffer[] = [];
    let length = 0;

    this.#connections.add(socket);
    const deadline = setTimeout(() => void reply(socket, refusal('no whole line came in time')), REQUEST_DEADLINE_MS);
    // An asker that breaks off is not our failure; 'close' follows and cleans up.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(deadline);
      this.#connections.delete(socket);
      gone.abort();
    });
    const mayAsk = this.#answers(peerUser(socket));
    const read = (chunk: Buffer): void => {
      chunks.push(chunk);
      length += chunk.length;
      if (chunk.includes(0x0a)) {
        clearTimeout(deadline);
        socket.off('data', read).resume();
        // One that may not ask is heard out as well: while it still writes, a closed socket tells it nothing.
        if (mayAsk) this.#give(socket, Buffer.concat(chunks), gone.signal);
        else void reply(socket, notForYou());
      } else if (length > MAX_REQUEST_BYTES) {
        clearTimeout(deadline);
        socket.off('data', read).resume();
        void reply(socket, refusal(`the question is longer than ${MAX_REQUEST_BYTES} bytes`));
      }
    };
    socket.on('data', read);
  }

  #give(socket: Socket, question: Buffer, signal: AbortSignal): void {
    const given = this.#answer(question, signal).then((response) => reply(socket, response));
    this.#answering.add(given);
    void given.finally(() => this.#answering.delete(given));
  }

  #answers(user: number | undefined): boolean {
    return user !== undefined && (user === ROOT || user === this.#user);
  }

  async #answer(bytes: Buffer, signal: AbortSignal): Promise<ControlResponse> {
    const request = parseRequest(bytes.toString('utf8', 0, bytes.indexOf(0x0a)));
    if (request === undefined) return refusal('the line is no {"method": ...} in JSON');
    const handler = this.#handlers.get(request.method);
    if (handler === undefined) return refusal(`this session knows no '${request.method}'`);
    try {
      return { result: (await handler(request.params, signal)) ?? null };
    } catch (error) {
      return { error: describeError(error) };
    }
  }
}

function parseRequest(line: string): ControlRequest | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null) return undefined;
    const { method, params } = value as { method?: unknown; params?: unknown };
    return typeof method === 'string' ? { method, params } : undefined;
  } catch {
    return undefined;
  }
}

function refusal(reason: string): ControlResponse {
  const error = new MirrordError(
    'usage',
    'control-request-invalid',
    `The control socket refused a request: ${reason}.`,
    {
      help: 'Use the mirrord command of the same version as the running session.',
    },
  );
  return { error: error.describe() };
}

function notForYou(): ControlResponse {
  const error = new MirrordError('permission', 'session-not-yours', 'The session belongs to another user.', {
    help: 'Ask as that user.',
  });
  return { error: error.describe() };
}

/** Resolves when it is written, or never will be. */
function reply(socket: Socket, response: ControlResponse): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed) return resolve();
    socket.once('close', () => resolve());
    socket.end(
      `${JSON.stringify(response)}
`,
      () => socket.destroySoon(),
    );
  });
}
