/** The asker's end of the control socket. */
import { readdir } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { MirrordError } from '../errors.ts';
import type { ControlResponse } from './protocol.ts';
import { SESSIONS_FOLDER, controlSocket, isSessionName } from './session-folder.ts';

/** An answer carries a status with its routes and domains: some kilobytes. */
const MAX_RESPONSE_BYTES = 8 << 20;

/**
 * Asks one question and resolves to the answer's result.
 *
 * Errors: `session-not-running` when nobody listens, `session-not-yours` when the socket is another user's,
 * `session-no-answer` when the signal aborts or the connection breaks, and whatever the session itself answers.
 */
export async function ask(path: string, method: string, params: unknown, signal: AbortSignal): Promise<unknown> {
  const line = await exchange(path, `${JSON.stringify({ method, params })}\n`, signal);
  let response: ControlResponse;
  try {
    response = JSON.parse(line) as ControlResponse;
  } catch (cause) {
    throw noAnswer(path, 'its answer is no JSON', cause);
  }
  if ('error' in response) throw MirrordError.fromDescription(response.error);
  return response.result;
}

export function askSession(name: string, method: string, params: unknown, signal: AbortSignal): Promise<unknown> {
  return ask(controlSocket(name), method, params, signal);
}

/** Names of all sessions that have a folder, whether they live or not. */
export async function sessionNames(folder: string = SESSIONS_FOLDER): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory() && isSessionName(entry.name))
      .map(({ name }) => name)
      .sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function exchange(path: string, question: string, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ path });
    const chunks: Buffer[] = [];
    let length = 0;
    const fail = (error: Error): void => {
      signal.removeEventListener('abort', abort);
      socket.destroy();
      reject(error);
    };
    const abort = (): void => fail(noAnswer(path, 'it took too long'));
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    socket.on('error', (error: NodeJS.ErrnoException) => fail(connectError(path, error)));
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length > MAX_RESPONSE_BYTES) fail(noAnswer(path, 'its answer is too long'));
    });
    socket.on('end', () => {
      if (length === 0) return fail(noAnswer(path, 'it closed the connection'));
      signal.removeEventListener('abort', abort);
      socket.destroy();
      resolve(Buffer.concat(chunks).toString('utf8'));
    });
    socket.write(question);
  });
}

function connectError(path: string, error: NodeJS.ErrnoException): MirrordError {
  if (error.code === 'EACCES' || error.code === 'EPERM') {
    return new MirrordError('permission', 'session-not-yours', `The session at ${path} belongs to another user.`, {
      help: 'Ask as that user, or with sudo.',
      cause: error,
    });
  }
  if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED' || error.code === 'ENOTDIR') {
    return new MirrordError('usage', 'session-not-running', `No session listens at ${path}.`, {
      help: 'Start one: sudo mirrord up',
      cause: error,
    });
  }
  return noAnswer(path, error.message, error);
}

function noAnswer(path: string, reason: string, cause?: unknown): MirrordError {
  return new MirrordError('unexpected', 'session-no-answer', `The session at ${path} gave no answer: ${reason}.`, {
    help: 'If it stays so, end it: sudo mirrord down',
    cause,
  });
}
