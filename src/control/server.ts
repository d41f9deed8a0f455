/**
 * The session's end of the control socket (wire.ts): one request in, then one value or a stream out.
 *
 * It answers the session's own user and root, by what the kernel says of the other end: the modes of folder (0700) and
 * socket (0600) may have been changed.  Even they may be broken: a question is bounded in size and time, a reader who lags
 * holds nothing up, and whatever is not a question gets an error and harms no other.
 */
import { once } from 'node:events';
import { chmod, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { MirrordError, describeError } from '../errors.ts';
import { peerUser } from '../native/peer-user.ts';
import { LineReader } from './line-reader.ts';
import { CONTROL_VERSION, type ControlRequest, type ControlResponse, type Numbered, line } from './wire.ts';

/** `explain` and its kin take a host name and little else. */
const MAX_REQUEST_BYTES = 65_536;
/** From connect to the end of the question; a client that has something to ask, asks at once. */
const REQUEST_DEADLINE_MS = 5_000;
/** A person, an IDE and a prompt may all ask at the same time; more is a mistake. */
const MAX_CONNECTIONS = 64;

/** At the end, for answers that are on their way, ms. */
const LAST_ANSWERS_MS = 500;

/** Root may do all that the user may. */
const ROOT = 0;

/** An answer of many events, as they come. */
export class EventStream {
  readonly events: AsyncIterable<Numbered<unknown>>;

  constructor(events: AsyncIterable<Numbered<unknown>>) {
    this.events = events;
  }
}

/** An answer of raw bytes, both ways. */
export class RawBytes {
  /** Has the connection from then on, which stays half open where one side ends. */
  readonly take: (socket: Socket) => void;

  constructor(take: (socket: Socket) => void) {
    this.take = take;
  }
}

/** Gives a value, an `EventStream` or `RawBytes`.  The signal aborts when the asker has gone away, or the session ends. */
export type ControlHandler = (params: unknown, signal: AbortSignal) => unknown;

type Answer = ControlResponse | EventStream | RawBytes;

export class ControlServer {
  readonly #path: string;
  readonly #user: number | undefined;
  readonly #handlers: ReadonlyMap<string, ControlHandler>;
  readonly #server: Server;
  readonly #connections = new Set<Socket>();
  /** Each settles when its answer is written. */
  readonly #answering = new Set<Promise<void>>();
  readonly #closing = new AbortController();

  /** `user`: who may ask besides root, by number; by default this process's own. */
  constructor(path: string, handlers: Readonly<Record<string, ControlHandler>>, user = process.geteuid?.()) {
    this.#path = path;
    this.#user = user;
    this.#handlers = new Map(Object.entries(handlers));
    this.#server = createServer((socket) => void this.#serve(socket));
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

  /** Stops listening, gives what answers there are in time, ends streams, and cuts those who are still connected. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#closing.abort();
    await Promise.race([Promise.all(this.#answering), delay(LAST_ANSWERS_MS, undefined, { ref: false })]);
    for (const socket of this.#connections) socket.destroy();
    await closed;
  }

  async #serve(socket: Socket): Promise<void> {
    const gone = new AbortController();
    this.#connections.add(socket);
    // An asker that breaks off is not our failure; 'close' follows and cleans up.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#connections.delete(socket);
      gone.abort();
    });
    const mayAsk = this.#answers(peerUser(socket));
    const text = await readRequest(socket);
    if (text === null) return;
    // So that its end is seen.
    socket.resume();
    // One that may not ask is heard out as well: while it still writes, a closed socket tells it nothing.
    const answer = mayAsk ? this.#answer(text, gone.signal) : Promise.resolve(failure(notForYou()));
    const given = answer.then((response) => give(socket, response, gone.signal));
    this.#answering.add(given);
    void given.finally(() => this.#answering.delete(given));
  }

  #answers(user: number | undefined): boolean {
    return user !== undefined && (user === ROOT || user === this.#user);
  }

  async #answer(text: string, gone: AbortSignal): Promise<Answer> {
    try {
      const { method, params } = parseRequest(text);
      const handler = this.#handlers.get(method);
      if (handler === undefined) throw refusal(`this session does not know '${method}'`);
      const given: unknown = await handler(params, AbortSignal.any([gone, this.#closing.signal]));
      return given instanceof EventStream || given instanceof RawBytes ? given : { result: given ?? null };
    } catch (error) {
      return failure(error);
    }
  }
}

/** Null when the asker has gone, or has been told why nothing comes of it. */
async function readRequest(socket: Socket): Promise<string | null> {
  let isRefused = false;
  const refuse = (reason: string): void => {
    isRefused = true;
    // What it still writes is thrown away, so that it can read why.
    socket.resume();
    void end(socket, failure(refusal(reason)));
  };
  const deadline = setTimeout(() => refuse('no complete line arrived in time'), REQUEST_DEADLINE_MS);
  try {
    const text = await new LineReader(socket, MAX_REQUEST_BYTES).next();
    if (text === null) socket.destroySoon();
    return isRefused ? null : text;
  } catch (error) {
    if (error instanceof RangeError) refuse(`the question is ${error.message}`);
    return null;
  } finally {
    clearTimeout(deadline);
  }
}

/** Throws when it is none. */
function parseRequest(text: string): ControlRequest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Below.
  }
  const { version, method, params } = (typeof value === 'object' && value !== null ? value : {}) as Record<
    string,
    unknown
  >;
  if (typeof version !== 'number' || typeof method !== 'string') {
    throw refusal('the line is not {"version": ..., "method": ...} in JSON');
  }
  if (version !== CONTROL_VERSION)
    throw refusal(`it has version ${version}, but this session speaks version ${CONTROL_VERSION}`);
  return { version, method, params };
}

function refusal(reason: string): MirrordError {
  return new MirrordError('usage', 'control-request-invalid', `The control socket refused a request: ${reason}.`, {
    help: 'Use the mirrord command of the same version as the running session.',
  });
}

function notForYou(): MirrordError {
  return new MirrordError('permission', 'session-not-yours', 'The session belongs to another user.', {
    help: 'Run the command as that user.',
  });
}

const failure = (error: unknown): ControlResponse => ({ error: describeError(error) });

/** Resolves when all is written, or never will be. */
async function give(socket: Socket, answer: Answer, gone: AbortSignal): Promise<void> {
  if (answer instanceof RawBytes) return giveBytes(socket, answer);
  if (!(answer instanceof EventStream)) return end(socket, answer);
  socket.write(line({ stream: 'events' }));
  try {
    for await (const event of answer.events) {
      if (!socket.write(line(event))) await once(socket, 'drain', { signal: gone });
    }
    await end(socket, { end: true });
  } catch (error) {
    await end(socket, { error: describeError(error) });
  }
}

function giveBytes(socket: Socket, { take }: RawBytes): void {
  if (socket.destroyed) return;
  socket.allowHalfOpen = true;
  socket.write(line({ stream: 'bytes' }));
  take(socket);
}

/** The last line. */
function end(socket: Socket, last: Parameters<typeof line>[0]): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed) return resolve();
    socket.once('close', () => resolve());
    socket.end(line(last), () => socket.destroySoon());
  });
}
