/** Connections of programs on a sandbox's developer machine, and what becomes of them. */
import assert from 'node:assert/strict';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { join } from 'node:path';
import { FILTERED_PORT, service } from '../../../../scripts/sandbox/addresses.ts';
import type { Sandbox } from '../../../../scripts/sandbox/index.ts';
import { poll } from '../../support/session.ts';

const PROGRAM = join(import.meta.dirname, '../../support/open-connections.ts');
const OPEN_MS = 10_000;
/** A program is told within this, whatever ends the session. */
const TOLD_MS = 1_000;

export type Connection = readonly [
  name: string,
  kind: 'tcp' | 'udp' | 'dial',
  address: string,
  port: number,
  source?: string,
];

/** Of every kind that a session carries, by the addresses that the kernel chooses. */
export const EVERY_KIND: readonly Connection[] = [
  ['tcp4', 'tcp', service(4).v4, 7],
  ['tcp6', 'tcp', service(4).v6, 7],
  ['udp4', 'udp', service(4).v4, 7],
  ['udp6', 'udp', service(4).v6, 7],
  ['dial4', 'dial', service(1).v4, FILTERED_PORT],
  ['dial6', 'dial', service(1).v6, FILTERED_PORT],
];

export class OpenConnections {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #names: readonly string[];
  #said = '';

  static async open(sandbox: Sandbox, connections: readonly Connection[]): Promise<OpenConnections> {
    const open = new OpenConnections(sandbox, connections);
    await poll(
      () => /^open$/m.test(open.#said),
      'the connections stand',
      OPEN_MS,
      () => open.#said,
    );
    return open;
  }

  private constructor(sandbox: Sandbox, connections: readonly Connection[]) {
    this.#names = connections.map(([name]) => name);
    this.#child = sandbox.developer.start(process.execPath, [PROGRAM, JSON.stringify(connections)]);
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (this.#said += text));
    }
  }

  /** Each of them has been ended by its kernel within a second of `since`, as of `Date.now`. */
  async areTold(since: number, what: string): Promise<void> {
    const missing = (): string[] => this.#names.filter((name) => !this.#ends().has(name));
    await poll(() => missing().length === 0 || Date.now() > since + TOLD_MS, what, TOLD_MS + OPEN_MS);
    assert.deepEqual(missing(), [], `${what}: not told of its end in ${TOLD_MS} ms\n${this.#said}`);
    for (const [name, at] of this.#ends()) assert.ok(at - since < TOLD_MS, `${what}: ${name} after ${at - since} ms`);
  }

  /** Each of them still carries. */
  async areAlive(what: string): Promise<void> {
    const alive = (): boolean => this.#names.every((name) => this.#said.includes(`["${name}","alive"`));
    this.#child.stdin.write('\n');
    await poll(alive, `${what}: all connections carry`, OPEN_MS, () => this.#said);
    assert.deepEqual([...this.#ends().keys()], [], what);
  }

  close(): void {
    this.#child.stdin.end();
  }

  #ends(): Map<string, number> {
    const lines = this.#said.split('\n').filter((line) => line.startsWith('['));
    const events = lines.map((line) => JSON.parse(line) as [string, string, number]);
    return new Map(events.filter(([, what]) => what !== 'alive').map(([name, , at]) => [name, at]));
  }
}
