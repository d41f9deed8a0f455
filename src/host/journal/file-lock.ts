/**
 * A file that one process at a time holds, by flock(2): the kernel lets go of it when its holder ends, however it ends.
 *
 * The file is for root alone: flock needs no right to write, so any user who may open the file could keep others waiting.
 * It is removed with the lock, so that nothing is left behind; a lock on a file that has lost its name since
 * then holds nothing, and is tried again.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync, rmSync, statSync } from 'node:fs';
import { loadAddon } from '../../native/addon.ts';

const FLAGS = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;

export class FileLock {
  readonly #path: string;
  readonly #fd: number;

  private constructor(path: string, fd: number) {
    this.#path = path;
    this.#fd = fd;
  }

  /** Undefined while another one holds it.  The folder must be there. */
  static try(path: string): FileLock | undefined {
    // First: an installation without it must not leave a file behind.
    const addon = loadAddon();
    // Node adds O_CLOEXEC: no child keeps the lock for us.
    const fd = openSync(path, FLAGS, 0o600);
    let isHeld = false;
    try {
      isHeld = addon.tryLock(fd) && isNamed(path, fd);
    } finally {
      if (!isHeld) closeSync(fd);
    }
    return isHeld ? new FileLock(path, fd) : undefined;
  }

  release(): void {
    rmSync(this.#path, { force: true });
    closeSync(this.#fd);
  }
}

/** Who holds it, by /proc/locks (proc(5)); undefined when it is free, or held in another process namespace. */
export function lockHolder(path: string): number | undefined {
  const inode = statSync(path, { throwIfNoEntry: false })?.ino;
  const line = readFileSync('/proc/locks', 'utf8')
    .split('\n')
    .find((each) => each.includes(' FLOCK ') && each.includes(`:${inode} `));
  return Number(line?.trim().split(/\s+/)[4]) || undefined;
}

function isNamed(path: string, fd: number): boolean {
  const { dev, ino } = fstatSync(fd);
  const named = statSync(path, { throwIfNoEntry: false });
  return named?.dev === dev && named.ino === ino;
}
