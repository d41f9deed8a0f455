/** Reads files of others for the root part, by a process (`read-entry.ts`) with the user's rights. */
import { spawn } from 'node:child_process';
import { COMMAND_DEADLINE_MS, commandEnvironment } from '../system/commands.ts';
import type { User } from '../../user.ts';

/**
 * The first of the files that is there, read with the rights of `user`; empty when the user may read none.  `root` is a
 * descriptor of the folder in which the paths, and links on them, begin; the last parameter, the program and its arguments.
 */
export function readAsUser(
  root: number,
  paths: readonly string[],
  { uid, gid, name, listed }: User,
  [command = '', ...args]: readonly string[],
): Promise<string> {
  return new Promise((resolve) => {
    const child = spawn(command, [...args, String(uid), String(gid), listed ? name : '', ...paths], {
      cwd: '/',
      env: commandEnvironment(),
      stdio: ['ignore', 'pipe', 'ignore', root],
      timeout: COMMAND_DEADLINE_MS,
      killSignal: 'SIGKILL',
    });
    let text = '';
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    child.once('error', () => resolve(''));
    child.once('close', (code) => resolve(code === 0 ? text : ''));
  });
}
