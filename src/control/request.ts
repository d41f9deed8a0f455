/** One request to what listens at a path (wire.ts), which must belong to the user with the number `server`. */
import { type Socket, createConnection } from 'node:net';
import { MirrordError } from '../errors.ts';
import { peerUser } from '../native/peer-user.ts';
import { LineReader } from './line-reader.ts';
import { CONTROL_VERSION, type ControlResponse, type Numbered, type StreamLine, line } from './wire.ts';

/** A status with its routes and domains has some kilobytes. */
const MAX_LINE_BYTES = 8 << 20;

/**
 * Resolves to the result.  Rejects with what the session itself answers, or with `session-not-running`,
 * `session-foreign-socket` when another program listens there, or `session-no-answer` when the signal aborts or the
 * connection breaks.
 */
export async function ask(
  path: string,
  method: string,
  params: unknown,
  signal: AbortSignal,
  server: number,
): Promise<unknown> {
  const { socket, response } = await request(path, method, params, signal, server);
  socket.destroy();
  if ('stream' in response) throw noAnswer(path, 'its answer is a stream');
  return response.result;
}

/** The same for a method that answers with events; ends when the session ends it in order, and throws else.  `signal` bounds the wait for
 * the answer's beginning. */
export async function* follow(
  path: string,
  method: string,
  params: unknown,
  signal: AbortSignal,
  server: number,
): AsyncGenerator<Numbered<unknown>> {
  const { socket, reader, response } = await request(path, method, params, signal, server);
  try {
    if (!('stream' in response)) throw noAnswer(path, 'its answer is not a stream');
    for (;;) {
      const next = (await read(path, reader)) as StreamLine;
      if ('error' in next) throw MirrordError.fromDescription(next.error);
      if ('end' in next) return;
      yield next;
    }
  } finally {
    socket.destroy();
  }
}

/** An answer's first line, which is not an error, and the connection on which more may follow. */
interface Answered {
  readonly socket: Socket;
  readonly reader: LineReader;
  readonly response: Exclude<ControlResponse, { error: unknown }>;
}

async function request(
  path: string,
  method: string,
  params: unknown,
  signal: AbortSignal,
  server: number,
): Promise<Answered> {
  const socket = createConnection({ path });
  const abort = (): void => void socket.destroy(noAnswer(path, 'it took too long'));
  // Looked at where it is read; what comes later is of no interest.
  socket.on('error', () => undefined);
  socket.once('connect', () => {
    if (peerUser(socket) === server) socket.write(line({ version: CONTROL_VERSION, method, params }));
    else socket.destroy(foreignSocket(path));
  });
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  try {
    const reader = new LineReader(socket, MAX_LINE_BYTES);
    const response = (await read(path, reader)) as ControlResponse;
    if ('error' in response) throw MirrordError.fromDescription(response.error);
    return { socket, reader, response };
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** The next line; rejects when there is none, or it is not JSON. */
async function read(path: string, reader: LineReader): Promise<unknown> {
  const text = await reader.next().catch((error: unknown) => {
    throw readError(path, error);
  });
  if (text === null) throw noAnswer(path, 'it closed the connection');
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw noAnswer(path, 'its answer is not JSON', cause);
  }
}

function readError(path: string, error: unknown): MirrordError {
  if (error instanceof MirrordError) return error;
  if (error instanceof RangeError) return noAnswer(path, `its answer is ${error.message}`, error);
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'ENOTDIR') return notRunning(path, error);
  return noAnswer(path, message, error);
}

export const notRunning = (path: string, cause?: unknown): MirrordError =>
  new MirrordError('usage', 'session-not-running', `No session listens at ${path}.`, {
    help: 'Start one: sudo mirrord up',
    cause,
  });

const foreignSocket = (path: string): MirrordError =>
  new MirrordError('permission', 'session-foreign-socket', `What listens at ${path} is not the session.`, {
    help: 'Another program listens there. Find it with: sudo ss -xlp | grep mirrord',
  });

function noAnswer(path: string, reason: string, cause?: unknown): MirrordError {
  return new MirrordError('unexpected', 'session-no-answer', `The session at ${path} gave no answer: ${reason}.`, {
    help: 'If this persists, end the session: sudo mirrord down',
    cause,
  });
}
