/**
 * An nftables table that a child process owns.
 *
 * The table has the flag `owner`: it vanishes with the process that made it, no other program can change it, and
 * `flush ruleset` passes it by.  So it is made by an `nft -i` that lives as long as its standard input, which ends
 * with this process, however it dies.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { MirrordError } from '../../../errors.ts';
import { commandEnvironment } from '../system/commands.ts';

/** nft answers within milliseconds; a ruleset of 100,000 lines takes it a second. */
const ANSWER_DEADLINE_MS = 5_000;

/** Connection tracking zones are 16 bits; 0 is everybody's. */
const ZONES = 0x1_0000;

/**
 * The table on one line; its connections in a zone of their own, or null where the kernel has none
 * (CONFIG_NF_CONNTRACK_ZONES).
 *
 * A connection is translated by what held when it began, and a program that asks from one socket for as long as it lives
 * has one connection for all its questions.  In a zone of the session's own it begins again with the redirect, and goes
 * back to what it was before when the redirect is gone.
 */
export type TableText = (zone: number | null) => string;

/** As its home folder: nft keeps what it was told in a file there, which here cannot be made. */
const NO_HISTORY = '/dev/null';

interface Held {
  readonly child: ChildProcessWithoutNullStreams;
  readonly ended: Promise<void>;
}

/** The tables of a session begin so. */
export const tableName = (session: string): string => `mirrord_${session.replaceAll('-', '_')}`;

export class OwnedTable {
  readonly #name: string;
  readonly #lost: () => void;
  #held: Held | undefined;
  #text = '';
  #zone: number | null = randomInt(1, ZONES);

  /** `lost`: the child, and the table with it, ended unasked. */
  constructor(name: string, lost: () => void) {
    this.#name = name;
    this.#lost = lost;
  }

  /** Whether this very table is in force. */
  holds(write: TableText): boolean {
    return write(this.#zone) === this.#text && this.#held !== undefined;
  }

  async put(write: TableText): Promise<void> {
    if (this.holds(write)) return;
    await this.drop();
    const text = write(this.#zone);
    try {
      await this.#hold(text);
    } catch (error) {
      if (this.#zone === null) throw error;
      this.#zone = null;
      return this.put(write);
    }
    this.#text = text;
  }

  async drop(): Promise<void> {
    const held = this.#held;
    this.#held = undefined;
    held?.child.kill('SIGKILL');
    await held?.ended;
  }

  /** Starts nft, gives it the table, and waits until it lists it. */
  async #hold(text: string): Promise<void> {
    const env = { ...commandEnvironment(), HOME: NO_HISTORY };
    const child = spawn('nft', ['-i'], { env, cwd: '/', stdio: 'pipe', detached: true });
    let output = '';
    let complaints = '';
    const listed = new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('it does not answer')), ANSWER_DEADLINE_MS);
      const settle = (error?: Error): void => {
        clearTimeout(timer);
        if (error) reject(error);
        else resolve();
      };
      child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
        output += chunk;
        // Its prompt and what was typed may be on the same line.
        if (new RegExp(`table inet ${this.#name}$`, 'm').test(output)) settle();
      });
      child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
        complaints += chunk;
        settle(new Error(complaints.trim()));
      });
      child.once('error', settle);
      child.once('exit', () => settle(new Error(complaints.trim() || 'it ended at once')));
      // The exit tells it.
      child.stdin.on('error', () => {});
      child.stdin.write(`${text}\nlist tables\n`);
    });
    try {
      await listed;
    } catch (cause) {
      child.kill('SIGKILL');
      throw new MirrordError(
        'host',
        'nftables-failed',
        `The redirect of port 53 was refused by nftables: ${(cause as Error).message}.`,
        {
          help: 'Choose another mode: --dns resolv.conf or --dns off.',
          cause,
        },
      );
    }
    child.stdout.removeAllListeners('data').resume();
    child.stderr.removeAllListeners('data').resume();
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    const held = { child, ended };
    this.#held = held;
    child.once('exit', () => {
      if (this.#held !== held) return;
      this.#held = undefined;
      this.#lost();
    });
  }
}
