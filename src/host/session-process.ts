/** The unprivileged half, as a child: the TUN by inheritance, requests and answers by the IPC channel. */
import { type ChildProcess, spawn } from 'node:child_process';
import { MirrordError } from '../errors.ts';
import type { HostToSession } from '../ipc/protocol.ts';
import { type Message, checkMessage } from './messages.ts';
import { setAside } from '../node-environment.ts';
import { type User, userEnvironment } from '../machine/user.ts';

/** Descriptors of the session: 0 to 2 as usual, then the IPC channel, then the TUN. */
export const SESSION_TUN_FD = 4;

/** Resetting its flows takes a session some milliseconds; for one that hangs, the kernel does it (`sockets.ts`). */
const RELEASE_DEADLINE_MS = 300;

/** The agent's Job is deleted in this time, or said to remain and left to its own time limit. */
export const STOP_DEADLINE_MS = 10_000;

/** What it wrote before it ended is read in this time. */
const LAST_WORDS_MS = 500;

/** Of its standard error, for the message when it dies. */
const KEPT_OUTPUT = 2_000;

export interface SessionOptions {
  /** Program and arguments. */
  readonly command: readonly string[];
  readonly asUser: readonly string[];
  readonly user: User;
  readonly environment: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly stdin: 'inherit' | 'ignore';
  readonly tunFd: number;
  readonly output: (text: string) => void;
  readonly message: (message: Exclude<Message, { type: 'released' }>) => void;
  /** It is over, asked to or not. */
  readonly ended: (error: MirrordError) => void;
}

export class SessionProcess {
  readonly #child: ChildProcess;
  readonly #gone: Promise<void>;
  readonly #released = Promise.withResolvers<void>();
  #errors = '';

  constructor(options: SessionOptions) {
    const [command = '', ...args] = [...options.asUser, ...options.command];
    this.#child = spawn(command, args, {
      cwd: options.cwd,
      env: setAside(userEnvironment(options.user, options.environment)),
      stdio: [options.stdin, 'pipe', 'pipe', 'ipc', options.tunFd],
      // A process group of its own: Ctrl-C reaches the host alone, which then stops the session in order.
      detached: true,
    });
    this.#child.stdout?.setEncoding('utf8').on('data', options.output);
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-KEPT_OUTPUT);
      options.output(text);
    });
    this.#child.on('message', (value) => this.#hear(value, options));
    this.#gone = new Promise((resolve) => {
      this.#child.once('error', (error) => {
        options.ended(
          new MirrordError('unexpected', 'session-died', `The session could not be started: ${error.message}.`),
        );
        resolve();
      });
      // A program that it started may hold its output open for ever.
      let timer: NodeJS.Timeout | undefined;
      this.#child.once('exit', () => {
        timer = setTimeout(() => {
          this.#child.stdout?.destroy();
          this.#child.stderr?.destroy();
        }, LAST_WORDS_MS);
      });
      // `close` and not `exit`: its last words are in.
      this.#child.once('close', (code, signal) => {
        clearTimeout(timer);
        options.ended(this.#death(signal ?? `exit ${code}`));
        resolve();
      });
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  send(message: HostToSession): void {
    // A session that is gone is told by its `ended`.
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  /** Has it reset its flows, while routes still lead to them; bounded. */
  async release(): Promise<void> {
    this.send({ type: 'release' });
    const timer = setTimeout(() => this.#released.resolve(), RELEASE_DEADLINE_MS);
    await Promise.race([this.#released.promise, this.#gone]);
    clearTimeout(timer);
  }

  /** Ends it in order, or not, within the deadline. */
  async stop(): Promise<void> {
    this.send({ type: 'stop' });
    const timer = setTimeout(() => this.#kill(), STOP_DEADLINE_MS);
    await this.#gone;
    clearTimeout(timer);
    // What it started and did not end (a credentials plugin) goes with it.
    this.#kill();
  }

  #hear(value: unknown, options: SessionOptions): void {
    try {
      const message = checkMessage(value);
      if (message.type === 'released') this.#released.resolve();
      else options.message(message);
    } catch (error) {
      // A session of ours never sends this.
      options.ended(error as MirrordError);
    }
  }

  #kill(): void {
    if (this.#child.pid === undefined) return;
    try {
      process.kill(-this.#child.pid, 'SIGKILL');
    } catch {
      // No process is left in the group.
    }
  }

  #death(how: string): MirrordError {
    const words = this.#errors.trim();
    return new MirrordError(
      'unexpected',
      'session-died',
      `The session ended unexpectedly (${how})${words && `: ${words}`}`,
      {
        help: 'Unless you ended it yourself, this is a bug in mirrord. All changes to this machine have been undone.',
      },
    );
  }
}
