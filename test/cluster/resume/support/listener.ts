/** `psql` that has said LISTEN and then waits: the connection on which nothing passes, and which must live all the same. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { poll } from '../../../netns/support/session.ts';
import type { Developer } from '../../support/developer.ts';

const CHANNEL = 'news';
const HEAR_MS = 15_000;
const USER = ['-U', 'postgres', '-At'];

export class Listener {
  readonly #developer: Developer;
  readonly #host: string;
  readonly #child: ChildProcessWithoutNullStreams;
  #output = '';
  #count = 0;
  #backend = '';

  /** Resolves when the server has taken the LISTEN. */
  static async open(developer: Developer, host: string): Promise<Listener> {
    const listener = new Listener(developer, host);
    listener.#backend = await listener.#ask(
      `LISTEN ${CHANNEL}; SELECT 'backend ' || pg_backend_pid();`,
      /backend (\d+)/,
    );
    return listener;
  }

  private constructor(developer: Developer, host: string) {
    this.#developer = developer;
    this.#host = host;
    this.#child = developer.machine.start('psql', ['-h', host, ...USER], { as: 'developer' });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
    }
  }

  /** Something is told on another connection; the old one, and no new one, must have heard it. */
  async hears(): Promise<void> {
    const word = `word-${++this.#count}`;
    const notify = ['-h', this.#host, ...USER, '-c', `NOTIFY ${CHANNEL}, '${word}'`];
    const { code, stderr } = await this.#developer.run('psql', notify, { env: { PGCONNECT_TIMEOUT: '10' } });
    assert.equal(code, 0, stderr);
    const backend = await this.#ask(`SELECT 'again ' || pg_backend_pid();`, /again (\d+)\n[^]*payload "word-\d+"/);
    assert.equal(backend, this.#backend, 'it is the same connection');
    assert.ok(this.#output.includes(`payload "${word}"`), this.#output);
    this.#output = '';
  }

  async close(): Promise<void> {
    this.#child.stdin.end();
    this.#child.kill();
    await once(this.#child, 'close');
  }

  async #ask(statement: string, answer: RegExp): Promise<string> {
    this.#child.stdin.write(`${statement}\n`);
    await poll(
      () => answer.test(this.#output),
      `psql answers ${statement}`,
      HEAR_MS,
      () => this.#output,
    );
    return answer.exec(this.#output)?.[1] ?? '';
  }
}
