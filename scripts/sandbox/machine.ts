/** One namespace as a machine on which programs can be run and started. */
import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { Answer } from 'dns-packet';
import { run } from './command.ts';
import type { Outcome, RunOptions } from './command.ts';

/** As whom a program runs: root, root by way of the developer's sudo, or the developer. */
export type Identity = 'root' | 'sudo' | 'developer';

export interface MachineOptions extends RunOptions {
  readonly as?: Identity;
}

const USER_ID = '4242';
const SUDO_ENVIRONMENT = { SUDO_UID: USER_ID, SUDO_GID: USER_ID, SUDO_USER: 'developer' };

export class Machine {
  /** Arguments of nsenter that lead into the namespace. */
  readonly #entrance: readonly string[];
  readonly #queryLog: string | undefined;

  constructor(entrance: readonly string[], queryLog?: string) {
    this.#entrance = entrance;
    this.#queryLog = queryLog;
  }

  /** Runs a program to its end. */
  run(file: string, args: readonly string[] = [], options: MachineOptions = {}): Promise<Outcome> {
    return run('nsenter', this.#arguments(file, args, options), options);
  }

  /** Starts a program that goes on running; it dies with this process at the latest. */
  start(file: string, args: readonly string[] = [], options: MachineOptions = {}): ChildProcessWithoutNullStreams {
    const command = ['--pdeathsig', 'KILL', 'nsenter', ...this.#arguments(file, args, options)];
    return spawn('setpriv', command, { env: { ...process.env, ...options.env } });
  }

  /** What the name server on this machine has been asked so far, as `TYPE name`. */
  queries(): string[] {
    return readFileSync(this.#log, 'utf8').split('\n').filter(Boolean);
  }

  /** What the name server on this machine answers from now on, before its own records; names in lower case. */
  publish(records: readonly Answer[]): void {
    const file = `${this.#log}.records`;
    writeFileSync(`${file}.new`, JSON.stringify(records));
    renameSync(`${file}.new`, file);
  }

  get #log(): string {
    if (this.#queryLog === undefined) throw new Error('this machine has no name server');
    return this.#queryLog;
  }

  #arguments(file: string, args: readonly string[], { as = 'root' }: MachineOptions): string[] {
    const environment = Object.entries(
      as === 'sudo' ? SUDO_ENVIRONMENT : as === 'developer' ? { HOME: '/run/home' } : {},
    );
    const identity = as === 'developer' ? ['setpriv', '--reuid', USER_ID, '--regid', USER_ID, '--clear-groups'] : [];
    // Root's own SUDO_ variables, when the tests themselves came by sudo, must not leak in.
    const clean = as === 'sudo' ? [] : ['-u', 'SUDO_UID', '-u', 'SUDO_GID', '-u', 'SUDO_USER'];
    const assignments = environment.map(([name, value]) => `${name}=${value}`);
    return [...this.#entrance, '--', 'env', ...clean, ...assignments, ...identity, file, ...args];
  }
}
