/**
 * One `ip -batch` that stays: a program waits for its answer until the route to it stands, and starting a process for
 * each would take most of that time.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { MirrordError } from '../../../errors.ts';
import { traced } from '../../../trace.ts';
import { Turns } from '../../../turns.ts';
import { COMMAND_DEADLINE_MS, batchFailed, commandEnvironment, commandMissing } from './commands.ts';

/** Printed behind the lines of a call; every network namespace has this interface. */
const MARKER_LINE = 'link show dev lo';
const MARKER = /^\d+: lo:/m;
/** The shell's own exit code for a program that is not there. */
const NOT_FOUND = 127;

/** Takes lines for `ip -FAMILY -batch`; all of a call's lines or an error that shows the one that failed. */
export interface IpBatch {
  /** Ahead of the first call, which is then the quicker. */
  start(): void;
  run(lines: readonly string[]): Promise<void>;
  close(): void;
}

export class StandingIp implements IpBatch {
  readonly #family: 4 | 6;
  #child: ChildProcessWithoutNullStreams | undefined;
  readonly #turns = new Turns();
  /** Lines that this process has had so far: its errors count from its start. */
  #lines = 0;

  constructor(family: 4 | 6) {
    this.#family = family;
  }

  run(lines: readonly string[]): Promise<void> {
    const send = (): Promise<void> =>
      traced(
        () => `ip -${this.#family} -batch: ${lines.join('; ')}`,
        () => this.#send(lines),
        () => 'done',
      );
    return this.#turns.take(send);
  }

  start(): void {
    this.#child ??= this.#spawn();
  }

  close(): void {
    this.#child?.stdin.end();
    this.#child = undefined;
  }

  #send(lines: readonly string[]): Promise<void> {
    const child = (this.#child ??= this.#spawn());
    const first = this.#lines;
    this.#lines += lines.length + 1;
    return new Promise((resolve, reject) => {
      let output = '';
      const take = (text: string): void => {
        output += text;
        if (MARKER.test(output)) finish(resolve);
      };
      // It ends at the first line that fails, and the next call starts another.
      const ended = (code: number | null): void => {
        if (this.#child === child) this.#child = undefined;
        finish(() =>
          reject(code === NOT_FOUND ? commandMissing('ip') : batchFailed(this.#family, lines, output, first)),
        );
      };
      const failed = (error: Error): void => {
        if (this.#child === child) this.#child = undefined;
        finish(() => reject(error));
      };
      const timer = setTimeout(() => {
        child.kill('SIGKILL');
        const why = `\`ip -batch\` did not end within ${COMMAND_DEADLINE_MS / 1000} s.`;
        failed(new MirrordError('host', 'command-failed', why));
      }, COMMAND_DEADLINE_MS);
      const finish = (settle: () => void): void => {
        clearTimeout(timer);
        child.stdout.off('data', take);
        child.off('close', ended).off('error', failed);
        settle();
      };
      child.stdout.on('data', take);
      child.on('close', ended).on('error', failed);
      child.stdin.write(`${[...lines, MARKER_LINE].join('\n')}\n`);
    });
  }

  #spawn(): ChildProcessWithoutNullStreams {
    this.#lines = 0;
    // One stream for both, so that an error comes before what follows it.
    const child = spawn('/bin/sh', ['-c', `exec ip -${this.#family} -oneline -batch - 2>&1`], {
      env: commandEnvironment(),
      cwd: '/',
      stdio: 'pipe',
    });
    child.stdout.setEncoding('utf8');
    child.stdin.on('error', () => {}); // it has ended: `close` says how
    child.on('error', () => {}); // between two calls nothing waits
    child.on('exit', () => {
      if (this.#child === child) this.#child = undefined;
    });
    // Ends with this process at the latest, when its input does; it keeps nothing alive.
    child.unref();
    return child;
  }
}
