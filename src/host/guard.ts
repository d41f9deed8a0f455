/**
 * A child that outlives the host for a moment: when the host dies by SIGKILL, it plays the journal back.
 *
 * It is a shell that waits on a pipe whose other end only the host has.  A line says that all is in order; the pipe's
 * end without one says that the host is dead.  What must not wait is taken back at once, by commands that the machine
 * names, and the rest by the restore command, which needs a Node to start.
 */
import { spawn } from 'node:child_process';
import { setAside } from '../node-environment.ts';
import { KeptChild } from '../machine/kept-child.ts';

const SCRIPT = 'read -r _ && exit 0; exec "$@"';

export class Guard {
  readonly #child: KeptChild;

  /** `command`: program and arguments that take all back. */
  constructor(command: readonly string[]) {
    this.#child = new KeptChild(() => {
      const child = spawn('/bin/sh', ['-c', SCRIPT, 'mirrord-guard', ...command], {
        env: setAside(process.env),
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
