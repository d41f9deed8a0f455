/** Whether a user can read a program: root, who starts it, can read all. */
import { dirname } from 'node:path';
import { MirrordError } from '../../../errors.ts';
import type { Run } from '../system/commands.ts';
import type { User } from '../../user.ts';

/**
 * `command`: program and arguments, of which absolute paths are files that it reads; `asUser`: what makes a command the
 * user's.  Resolves to the error that tells the first one that the user cannot read; undefined when there is none.
 */
export async function unreadableProgram(
  run: Run,
  user: User,
  [prefix, ...options]: readonly string[],
  command: readonly string[],
): Promise<MirrordError | undefined> {
  if (prefix === undefined) return undefined;
  const may = async (right: '-r' | '-x', path: string): Promise<boolean> =>
    (await run(prefix, [...options, 'test', right, path])).code === 0;
  for (const path of command.filter((word) => word.startsWith('/'))) {
    if (await may('-r', path)) continue;
    let closed = path;
    for (const folder of above(path)) if (!(await may('-x', folder))) closed = folder;
    return new MirrordError(
      'permission',
      'program-unreadable',
      `User ${user.name} cannot read ${path}${closed === path ? '' : `, because ${closed} is closed to others`}; the session runs as ${user.name}, not as root.`,
      {
        help: `Move mirrord to a folder that ${user.name} can read, such as ${user.home === '/' ? '/opt' : user.home}. Or log in as root and start it without sudo.`,
      },
    );
  }
  return undefined;
}

/** The folders above, the nearest first. */
function above(path: string): readonly string[] {
  const folder = dirname(path);
  return folder === path ? [] : [folder, ...above(folder)];
}
