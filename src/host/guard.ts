/**
 * A child that outlives the host for a moment: when the host dies by SIGKILL, it plays the journal back.
 *
 * It is a shell that waits on a pipe whose other end only the host has.  A line says that all is in order; the pipe's
 * end without one says that the host is dead.  Programs' sockets are ended and addresses and rules are taken back from
 * the shell at once, and the rest by the restore command, which needs a Node to start.
 */
import { spawn } from 'node:child_process';
import type { Journal } from './journal/journal.ts';
import { undoName } from './journal/journal.ts';
import { commandEnvironment } from '../machine/linux/system/commands.ts';
import { KeptChild } from '../machine/linux/system/kept-child.ts';
import type { System } from '../machine/linux/system/system.ts';
import { END_SOCKETS } from '../machine/linux/network/sockets.ts';

/** $1: the filter of the sockets to end; $2 and $3: the undo batches; the rest: the restore command. */
const SCRIPT = `
read -r _ && exit 0
sockets=$1 undo4=$2 undo6=$3; shift 3
end_sockets() { [ -s "$sockets" ] && ss ${END_SOCKETS.join(' ')} -F "$sockets"; }
end_sockets
[ -e "$undo4" ] && ip -4 -force -batch "$undo4"
[ -e "$undo6" ] && ip -6 -force -batch "$undo6"
end_sockets
exec "$@"
`;

export class Guard {
  readonly #child: KeptChild;

  /** `restore`: the program and its first arguments; the session's name is added. */
  constructor(system: System, journal: Journal, restore: readonly string[]) {
    const undo = (['sockets', 4, 6] as const).map((part) =>
      system.files.path(`${journal.folder}/${undoName(process.pid, part)}`),
    );
    this.#child = new KeptChild(() => {
      const child = spawn('/bin/sh', ['-c', SCRIPT, 'mirrord-guard', ...undo, ...restore, journal.name], {
        env: commandEnvironment(),
        cwd: '/',
        // A session of its own: neither Ctrl-C nor the terminal's end reaches it.
        detached: true,
        stdio: ['pipe', 'ignore', 'ignore'],
      });
      // It may have been killed while it is told something.
      child.stdin.on('error', () => {});
      return child;
    });
  }

  /** The host has restored everything itself. */
  async dismiss(): Promise<void> {
    await this.#child.close((child) => child.stdin?.end('done\n'));
  }
}
