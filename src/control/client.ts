/**
 * The asker's end of the control socket.
 *
 * A session is asked only when it is one's own, or root's: what it answers is printed, and goes into the environment of
 * programs.  Whose it is, the folder tells, which root has made.  That the answer comes from the folder's owner, and not
 * from a socket that a link in there leads to, the kernel tells.
 */
import { lstat, readFile, readdir } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { MirrordError } from '../errors.ts';
import { peerUser } from '../native/peer-user.ts';
import type { ControlResponse } from './protocol.ts';
import {
  RECORD,
  SESSIONS_FOLDER,
  type SessionId,
  type SessionRecord,
  controlSocket,
  ownNetworkNamespace,
  parseFolderName,
  sessionFolder,
  userFolder,
} from './session-folder.ts';

/** An answer carries a status with its routes and domains: some kilobytes. */
const MAX_RESPONSE_BYTES = 8 << 20;

/** Whether a session of this user (by number) may be asked. */
export type Trust = (uid: number) => boolean;

/**
 * Asks one question and resolves to the answer's result.
 *
 * Errors: `session-not-running` when nothing listens, `session-not-yours` when the session is another user's,
 * `session-foreign-socket` when it is not the session that listens, `session-no-answer` when the signal aborts or the
 * connection breaks, and whatever the session itself answers.
 */
export async function askSession(
  session: SessionId,
  method: string,
  params: unknown,
  signal: AbortSignal,
  trusts: Trust,
): Promise<unknown> {
  const path = controlSocket(session);
  const owner = await folderOwner(session);
  if (owner === undefined) throw notRunning(path);
  if (!trusts(owner)) throw notYours(session.name, (await readRecord(session))?.user.name ?? `user ${owner}`);
  return ask(path, method, params, signal, owner);
}

/** The same of what listens at `path`, which must belong to the user with the number `server`. */
export async function ask(
  path: string,
  method: string,
  params: unknown,
  signal: AbortSignal,
  server: number,
): Promise<unknown> {
  const line = await exchange(path, `${JSON.stringify({ method, params })}\n`, signal, server);
  let response: ControlResponse;
  try {
    response = JSON.parse(line) as ControlResponse;
  } catch (cause) {
    throw noAnswer(path, 'its answer is no JSON', cause);
  }
  if ('error' in response) throw MirrordError.fromDescription(response.error);
  return response.result;
}

/** Sessions that have a folder, whether they live or not: of this network namespace, or of all. */
export async function listSessions({ allNamespaces }: { readonly allNamespaces: boolean }): Promise<SessionId[]> {
  const here = ownNetworkNamespace();
  try {
    const entries = await readdir(SESSIONS_FOLDER, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .sort()
      .flatMap((name) => parseFolderName(name) ?? [])
      .filter(({ networkNamespace }) => allNamespaces || networkNamespace === here);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** What root has written down of it; undefined when it has just begun, or ended. */
export async function readRecord(session: SessionId): Promise<SessionRecord | undefined> {
  try {
    return JSON.parse(await readFile(join(sessionFolder(session), RECORD), 'utf8')) as SessionRecord;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/** By user number. */
async function folderOwner(session: SessionId): Promise<number | undefined> {
  try {
    return (await lstat(userFolder(session))).uid;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

const isAbsent = (error: unknown): boolean =>
  ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');

function exchange(path: string, question: string, signal: AbortSignal, server: number): Promise<string> {
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
    socket.on('connect', () => {
      if (peerUser(socket) === server) socket.write(question);
      else fail(foreignSocket(path));
    });
  });
}

function connectError(path: string, error: NodeJS.ErrnoException): MirrordError {
  if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED' || error.code === 'ENOTDIR') {
    return notRunning(path, error);
  }
  return noAnswer(path, error.message, error);
}

const notRunning = (path: string, cause?: unknown): MirrordError =>
  new MirrordError('usage', 'session-not-running', `No session listens at ${path}.`, {
    help: 'Start one: sudo mirrord up',
    cause,
  });

const notYours = (name: string, owner: string): MirrordError =>
  new MirrordError('permission', 'session-not-yours', `Session '${name}' belongs to ${owner}.`, {
    help: `Ask as ${owner}, or give a session of your own another name with --name.`,
  });

const foreignSocket = (path: string): MirrordError =>
  new MirrordError('permission', 'session-foreign-socket', `What listens at ${path} is not the session.`, {
    help: 'Another program has put itself there.  Find it with: sudo ss -xlp | grep mirrord',
  });

function noAnswer(path: string, reason: string, cause?: unknown): MirrordError {
  return new MirrordError('unexpected', 'session-no-answer', `The session at ${path} gave no answer: ${reason}.`, {
    help: 'If it stays so, end it: sudo mirrord down',
    cause,
  });
}
