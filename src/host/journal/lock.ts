import { setTimeout as delay } from 'node:timers/promises';
import { MirrordError } from '../../errors.ts';
import { FileLock, lockHolder } from './file-lock.ts';
import { SESSIONS_FOLDER } from '../../control/session-folder.ts';
import { type Keeper, runFolderUnusable } from './session-journal.ts';

const LOCK = `${SESSIONS_FOLDER}/.flock`;

/** What is done under the lock takes tens of milliseconds. */
const LOCK_DEADLINE_MS = 10_000;
const LOCK_POLL_MS = 5;

/** One process at a time plays journals back or claims a name; a holder that died does not hold. */
export async function withLock<T>(keeper: Keeper, work: () => Promise<T>): Promise<T> {
  try {
    const lock = await take(keeper);
    try {
      return await work();
    } finally {
      lock.release();
    }
  } finally {
    keeper.files.removeEmpty(SESSIONS_FOLDER);
  }
}

async function take({ files }: Keeper): Promise<FileLock> {
  const path = files.path(LOCK);
  for (const end = performance.now() + LOCK_DEADLINE_MS; performance.now() < end; await delay(LOCK_POLL_MS)) {
    try {
      files.folder(SESSIONS_FOLDER, 0o755);
      const lock = FileLock.try(path);
      if (lock) return lock;
    } catch (error) {
      if (error instanceof MirrordError) throw error;
      // The last one out has just removed the folder.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw runFolderUnusable(error as NodeJS.ErrnoException);
    }
  }
  const holder = lockHolder(path);
  const who = holder === undefined ? 'Another process' : `Process ${holder}`;
  throw new MirrordError('host', 'locked', `${who} has held ${LOCK} for ${LOCK_DEADLINE_MS / 1000} s.`, {
    help:
      holder === undefined ? 'Try again. If that fails, restart the machine.' : `See what it does with: ps ${holder}`,
  });
}
