/** Where a session's log is. */
import { homedir } from 'node:os';
import { join } from 'node:path';

/** `$XDG_STATE_HOME/mirrord/NAME.log`, as the XDG base directory specification has it, of this process's user. */
export function logPath(name: string): string {
  return join(process.env['XDG_STATE_HOME'] || join(homedir(), '.local', 'state'), 'mirrord', `${name}.log`);
}
