/**
 * Notices that the machine's network changed: routes, addresses and rules by `ip monitor`, name servers by watching
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

export class Monitor {
  readonly #changed: () => void;
  readonly #child: ChildProcess;
  readonly #watchers: FSWatcher[] = [];
  #timer: NodeJS.Timeout | undefined;
  #since = 0;

  /** `files`: watched by their folders, since they are replaced and not written. */
  constructor(files: readonly string[], changed: () => void) {
    this.#changed = changed;
    this.#child = spawn('ip', ['monitor', 'address', 'route', 'rule'], {
      env: commandEnvironment(),
      cwd: '/',
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
    });
    this.#child.stdout?.on('data', () => this.#touch());
    // Without `ip` nothing gets as far as this; a monitor that was killed leaves the session as it is.
    this.#child.on('error', () => {});
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

  close(): void {
    clearTimeout(this.#timer);
    this.#child.kill('SIGKILL');
    for (const watcher of this.#watchers) watcher.close();
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
