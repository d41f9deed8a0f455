/** Where sessions keep what belongs to them: a tmpfs, so that a reboot leaves nothing. */
import { join } from 'node:path';

/** Owned by root; one folder per session below it. */
export const SESSIONS_FOLDER = '/run/mirrord';

/** Also a part of the folder's path: no separators, no dots, and short enough to read in a list. */
const SESSION_NAME = /^[a-z0-9][a-z0-9-]{0,30}$/;

export const isSessionName = (name: string): boolean => SESSION_NAME.test(name);

/** Owned by the session's user, mode 0700. */
export const userFolder = (name: string): string => join(SESSIONS_FOLDER, name, 'session');

export const controlSocket = (name: string): string => join(userFolder(name), 'control.sock');
