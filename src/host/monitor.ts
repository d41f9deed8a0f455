/**
 * Notices that the machine's network changed: links, routes, addresses and rules by `ip monitor`, name servers by watching
 * the two files that hold them.
 *
 * Events are a hint only; the machine is read anew when they have calmed down, and told about when it differs.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { type FSWatcher, watch } from 'node:fs';
import { basename } from 'node:path';
import { commandEnvironment } from './machine/commands.ts';

/** A DHCP client makes a dozen changes within some ten milliseconds. */
const CALM_MS = 150;

/** A machine whose routes never rest (a routing daemon) is still read this often. */
const CALM_MAX_MS = 1_000;

/** `ip monitor` would notice only at the next event that nobody reads it any more: it ends with this process's pipe. */
const SCRIPT = 'ip monitor link address route rule & read -r _; kill $!';

export class Monitor {
  readonly #changed: () => void;
  readonly #child: ChildProcess;
  readonly #watchers: FSWatcher[] = [];
  #timer: NodeJS.Timeout | undefined;
  #since = 0;

  /** `files`: watched by their folders, since they are replaced and not written. */
  constructor(files: readonly string[], changed: () => void) {
    this.#changed = changed;
    this.#child = spawn('/bin/sh', ['-c', SCRIPT], {
      env: commandEnvironment(),
      cwd: '/',
      stdio: ['pipe', 'pipe', 'ignore'],
      detached: true,
    });
    this.#child.stdout?.on('data', () => this.#touch());
    // Without `ip` nothing gets as far as this; a monitor that was killed leaves the session as it is.
    this.#child.on('error', () => {});
    this.#child.stdin?.on('error', () => {});
    for (const file of files) {
      try {
        const folder = file.slice(0, file.lastIndexOf('/'));
        const watcher = watch(folder, (_event, name) => {
          if (name === basename(file)) this.#touch();
        });
        watcher.on('error', () => watcher.close());
        this.#watchers.push(watcher);
      } catch {
        // The folder is not there (no systemd-resolved): nothing can change in it.
      }
    }
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    for (const watcher of this.#watchers) watcher.close();
    const { pid } = this.#child;
    if (pid === undefined) return;
    const ended = new Promise((resolve) => this.#child.once('close', resolve));
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      return; // both have been ended by someone else
    }
    // `close` comes when nobody holds the pipe any more: `ip` is gone, too.
    await ended;
  }

  #touch(): void {
    const now = performance.now();
    if (this.#timer === undefined) this.#since = now;
    clearTimeout(this.#timer);
    const wait = Math.max(0, Math.min(CALM_MS, this.#since + CALM_MAX_MS - now));
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#changed();
    }, wait);
  }
}
