/**
 * Where sessions keep what belongs to them: a tmpfs, so that a reboot leaves nothing.
 *
 * A session belongs to the network namespace that it was made in: two of them may use the same name in two namespaces that
 * share /run.
 */
import { readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** Owned by root; one folder per session below it. */
export const SESSIONS_FOLDER = '/run/mirrord';

/** Also a part of the folder's path: no separators, no dots, and short enough to read in a list. */
const SESSION_NAME = /^[a-z0-9][a-z0-9-]{0,30}$/;

export interface SessionId {
  readonly name: string;
  /** As /proc/PID/ns/net shows it (namespaces(7)): `net:[4026531840]`. */
  readonly networkNamespace: string;
}

/** World-readable, written by root: what a session says of itself to those who may not ask it. */
export interface SessionRecord {
  /** Of its root part. */
  readonly pid: number;
  readonly networkNamespace: string;
  readonly user: { readonly uid: number; readonly name: string };
}

export const RECORD = 'owner.json';

export const isSessionName = (name: string): boolean => SESSION_NAME.test(name);

/** `default.4026531840`. */
export const folderName = ({ name, networkNamespace }: SessionId): string =>
  `${name}.${/\d+/.exec(networkNamespace)?.[0] ?? ''}`;

/** Undefined for what is not a session's folder. */
export function parseFolderName(folder: string): SessionId | undefined {
  const [name = '', inode = '', ...more] = folder.split('.');
  if (!isSessionName(name) || !/^\d+$/.test(inode) || more.length > 0) return undefined;
  return { name, networkNamespace: `net:[${inode}]` };
}

export const ownNetworkNamespace = (): string => readlinkSync('/proc/self/ns/net');

/** The session of that name in the network namespace of this process. */
export const sessionHere = (name: string): SessionId => ({ name, networkNamespace: ownNetworkNamespace() });

export const sessionFolder = (session: SessionId): string => join(SESSIONS_FOLDER, folderName(session));

/** Owned by the session's user, mode 0700. */
export const userFolder = (session: SessionId): string => join(sessionFolder(session), 'session');

export const controlSocket = (session: SessionId): string => join(userFolder(session), 'control.sock');
