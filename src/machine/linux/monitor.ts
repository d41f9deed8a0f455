/**
 * Notices that the machine's network changed: links, routes, addresses and rules by `ip monitor`, the way of names by
 * watching the files that decide it.
 *
 * Events are a hint only; the machine is read again when they have calmed down, and told about when it differs.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { type FSWatcher, unwatchFile, watch, watchFile } from 'node:fs';
import { basename } from 'node:path';
import { commandEnvironment } from './system/commands.ts';
import { KeptChild } from '../kept-child.ts';

/** A DHCP client makes a dozen changes within some ten milliseconds. */
const CALM_MS = 150;

/** A machine whose routes never rest (a routing daemon) is still read this often. */
const CALM_MAX_MS = 1_000;

/** Between two looks at the polled folder. */
const POLL_MS = 1_000;

/**
 * `ip monitor` would notice only at the next event that its reader has gone: it ends with this process's pipe, and the
 * shell ends with it.
 */
const SCRIPT = `
exec 3<&0
ip monitor link address route rule & monitor=$!
{ read -r _ <&3; kill $monitor; } & reader=$!
wait $monitor
kill $reader
`;

export class Monitor {
  readonly #changed: () => void;
  readonly #child: KeptChild;
  readonly #watchers: FSWatcher[] = [];
  readonly #polled: string;
  #timer: NodeJS.Timeout | undefined;
  #since = 0;

  /**
   * `files`: watched by their folders, since they are replaced and not written.  `polled`: a folder that need not be there
   * yet; any new, replaced or removed file in it counts.
   */
  constructor(files: readonly string[], polled: string, changed: () => void) {
    this.#changed = changed;
    this.#polled = polled;
    watchFile(polled, { interval: POLL_MS }, this.#touch);
    let first = true;
    this.#child = new KeptChild(() => {
      // What happened while there was none is looked at.
      if (!first) this.#touch();
      first = false;
      const child = spawn('/bin/sh', ['-c', SCRIPT], {
        env: commandEnvironment(),
        cwd: '/',
        stdio: ['pipe', 'pipe', 'ignore'],
        detached: true,
      });
      child.stdout.on('data', () => this.#touch());
      child.stdin.on('error', () => {});
      // One part of it may have been killed without the other.
      child.once('exit', () => killGroup(child));
      return child;
    });
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
    unwatchFile(this.#polled, this.#touch);
    // Resolves once no process holds its pipe: `ip` is gone, too.
    await this.#child.close(killGroup);
  }

  readonly #touch = (): void => {
    const now = performance.now();
    if (this.#timer === undefined) this.#since = now;
    clearTimeout(this.#timer);
    const wait = Math.max(0, Math.min(CALM_MS, this.#since + CALM_MAX_MS - now));
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#changed();
    }, wait);
  };
}

/** The shell and what it has started. */
function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // All of them have ended.
  }
}
