import { stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { readBounded } from './bounded-file.ts';

/** `.git` files and HEAD are one line; more than this is something else.  Bytes. */
const MAX_POINTER_BYTES = 4096;

/**
 * The branch that is checked out in or above `folder`, read from the repository's files: starting git is not this
 * folder's to do.  Undefined outside a checkout and on a detached HEAD.
 */
export async function gitBranch(folder: string): Promise<string | undefined> {
  for (let at = resolve(folder); ; at = dirname(at)) {
    const repository = await gitFolder(join(at, '.git'));
    if (repository !== undefined) {
      const head = await readPointer(join(repository, 'HEAD'));
      return /^ref: refs\/heads\/(.+)$/.exec(head ?? '')?.[1];
    }
    if (at === dirname(at)) return undefined;
  }
}

/** A worktree or submodule has a file `.git` that names the real folder. */
async function gitFolder(path: string): Promise<string | undefined> {
  try {
    if ((await stat(path)).isDirectory()) return path;
  } catch {
    // Nothing there, or nothing that we may look at: no repository either way.
    return undefined;
  }
  const target = /^gitdir: (.+)$/.exec((await readPointer(path)) ?? '')?.[1];
  return target === undefined ? undefined : resolve(dirname(path), target);
}

async function readPointer(path: string): Promise<string | undefined> {
  try {
    return (await readBounded(path, MAX_POINTER_BYTES))?.toString().trim();
  } catch {
    // As above: an unreadable repository has no branch to tell.
    return undefined;
  }
}
