/**
 * A child that outlives the host for a moment: when the host dies by SIGKILL, it plays the journal back.
 *
 * It is a shell that waits on a pipe whose other end only the host has.  A line says that all is in order; the pipe's
 * end without one says that the host is dead.  Addresses and rules are taken back by `ip` from the shell at once, and
 * the rest by the restore command, which needs a Node to start.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Journal } from './journal/journal.ts';
import { undoName } from './journal/journal.ts';
import { commandEnvironment } from './machine/commands.ts';
import type { Machine } from './machine/machine.ts';

/** $1 and $2: the undo batches; the rest: the restore command. */
const SCRIPT = `
read -r _ && exit 0
undo4=$1 undo6=$2; shift 2
[ -e "$undo4" ] && ip -4 -force -batch "$undo4"
[ -e "$undo6" ] && ip -6 -force -batch "$undo6"
exec "$@"
`;

export class Guard {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;

  /** `restore`: the program and its first arguments; the session's name is added. */
  constructor(machine: Machine, journal: Journal, restore: readonly string[]) {
    const undo = ([4, 6] as const).map((family) =>
      machine.files.path(`${journal.folder}/${undoName(process.pid, family)}`),
    );
    this.#child = spawn('/bin/sh', ['-c', SCRIPT, 'mirrord-guard', ...undo, ...restore, journal.name], {
      env: commandEnvironment(),
      cwd: '/',
      // A session of its own: neither Ctrl-C nor the terminal's end reaches it.
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    this.#ended = new Promise((resolve) => {
      this.#child.once('exit', () => resolve());
      this.#child.once('error', () => resolve());
    });
    // It may have been killed: the host then restores alone.
    this.#child.stdin?.on('error', () => {});
  }

  /** The host has restored everything itself. */
  async dismiss(): Promise<void> {
    this.#child.stdin?.end('done\n');
    await this.#ended;
  }
}
