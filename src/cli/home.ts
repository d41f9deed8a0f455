/** The home folder of the user for whom mirrord works, and paths in it as people write them. */
import { homedir } from 'node:os';
import { invokingUser } from '../machine/linux/processes/user.ts';
import { runCommand } from '../machine/linux/system/commands.ts';

/** Behind sudo it is the caller's, and not root's. */
export async function userHome(): Promise<string> {
  return process.geteuid?.() === 0 ? (await invokingUser(runCommand, process.env)).home : homedir();
}

/** `~/.local/state/mirrord/default.log`. */
export const fromHome = (path: string, home: string): string =>
  home !== '/' && path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path;
