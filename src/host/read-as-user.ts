import { spawn } from 'node:child_process';
import { COMMAND_DEADLINE_MS, commandEnvironment } from './machine/commands.ts';
import type { User } from './user.ts';

/**
 * Reads the first of the files that is there, with the rights of `user`; `root` is a descriptor of the folder that the
 * paths begin in, for whose links it is the root.  The empty text when there is none that the user may read.
 *
 * `reader`: program and arguments of `read-entry.ts`.
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
