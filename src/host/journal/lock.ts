import { setTimeout as delay } from 'node:timers/promises';
import { MirrordError } from '../../errors.ts';
import type { Machine } from '../machine/machine.ts';
import { RUN_FOLDER, runFolderUnusable } from './journal.ts';

/** A link whose target names its holder: made and read in one step each. */
const LOCK = `${RUN_FOLDER}/.lock`;

/** What is done under the lock takes tens of milliseconds. */
const LOCK_DEADLINE_MS = 10_000;
const LOCK_POLL_MS = 5;

/** One process at a time plays journals back or claims a name; a holder that died does not hold. */
export async function withLock<T>(machine: Machine, work: () => Promise<T>): Promise<T> {
  const { files, probes } = machine;
  const holder = `${process.pid}:${probes.processStart(process.pid)}`;
  const take = (): boolean => {
    try {
      files.folder(RUN_FOLDER, 0o755);
      return files.createLink(LOCK, holder);
    } catch (error) {
      // The last one out has just removed the folder.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw runFolderUnusable(error as NodeJS.ErrnoException);
    }
  };
  const deadline = performance.now() + LOCK_DEADLINE_MS;
  while (!take()) {
    const [pid = '', start] = (files.link(LOCK) ?? '').split(':');
    if (pid !== '' && probes.processStart(Number(pid)) !== start) {
      files.remove(LOCK);
    } else if (performance.now() > deadline) {
      throw new MirrordError('host', 'locked', `Process ${pid} has held ${LOCK} for ${LOCK_DEADLINE_MS / 1000} s.`, {
        help: `See what it does with: ps ${pid}`,
      });
    } else {
      await delay(LOCK_POLL_MS);
    }
  }
  try {
    return await work();
  } finally {
    files.remove(LOCK);
    files.removeEmpty(RUN_FOLDER);
  }
}
