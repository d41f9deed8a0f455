/**
 * The asker's end of the control socket.
 *
 * A session is asked only when it is one's own, or root's: what it answers is printed, and goes into the environment of
 * programs.  Whose it is, the folder tells, which root has made.  That the answer comes from the folder's owner, and not
 * from a socket that a link in there leads to, the kernel tells.
 */
import { lstat, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { MirrordError } from '../errors.ts';
import { ask, follow, notRunning } from './request.ts';
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
import type { Numbered } from './wire.ts';

/** Whether a session of this user (by number) may be asked. */
export type Trust = (uid: number) => boolean;

/** `ask` of request.ts, and `session-not-yours` when the session is a user's who is not trusted. */
export async function askSession(
  session: SessionId,
  method: string,
  params: unknown,
  signal: AbortSignal,
  trusts: Trust,
): Promise<unknown> {
  return ask(controlSocket(session), method, params, signal, await trustedOwner(session, trusts));
}

/** The same of `follow`. */
export async function* followSession(
  session: SessionId,
  method: string,
  params: unknown,
  signal: AbortSignal,
  trusts: Trust,
): AsyncGenerator<Numbered<unknown>> {
  yield* follow(controlSocket(session), method, params, signal, await trustedOwner(session, trusts));
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
async function trustedOwner(session: SessionId, trusts: Trust): Promise<number> {
  const owner = await folderOwner(session);
  if (owner === undefined) throw notRunning(controlSocket(session));
  if (!trusts(owner)) throw notYours(session.name, (await readRecord(session))?.user.name ?? `user ${owner}`);
  return owner;
}

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

const notYours = (name: string, owner: string): MirrordError =>
  new MirrordError('permission', 'session-not-yours', `Session '${name}' belongs to ${owner}.`, {
    help: `Run the command as ${owner}, or choose another name for your own session with --name.`,
  });
