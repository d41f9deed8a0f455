/**
 * A sandbox where the same addresses and ports are served twice, in the cluster and on the developer's side, so that
 * whoever answers tells which way a connection went.
 */
import assert from 'node:assert/strict';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync, chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createSandbox } from '../../../scripts/sandbox/index.ts';
import type { Machine, Sandbox } from '../../../scripts/sandbox/index.ts';
import { up, type Session } from '../../../scripts/sandbox/session.ts';
import type { Explanation } from '../../../src/filter/index.ts';
import { mirrord } from './session.ts';

export type Protocol = 'tcp' | 'udp';
export const PORTS = [7777, 7001] as const;

/** Programs on the developer machine, asked by one that stays. */
export class Asker {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #waiting = new Map<number, (text: string) => void>();
  #id = 0;

  constructor(machine: Machine) {
    this.#child = machine.start(process.execPath, [join(import.meta.dirname, 'asker.ts')], { as: 'developer' });
    this.#child.stderr.resume();
    this.#child.once('close', () => {
      for (const answer of this.#waiting.values()) answer('the asking program has ended');
    });
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      const [id, text] = JSON.parse(line) as [number, string];
      this.#waiting.get(id)?.(text);
      this.#waiting.delete(id);
    });
  }

  /** Who answers: `cluster`, `developer`, an errno, or `silence`.  `from`: an address to be bound to. */
  ask(protocol: Protocol, host: string, port: number = PORTS[0], from = ''): Promise<string> {
    return this.#send(protocol, host, port, from).answer;
  }

  /** Space-separated addresses, or `ENOTFOUND`. */
  lookup(name: string, family: 0 | 4 | 6 = 0): Promise<string> {
    return this.#send('lookup', name, family).answer;
  }

  /** What `mirrord explain --json` says, without the start of a program for each question. */
  async explain(destination: string): Promise<Explanation> {
    return JSON.parse(await this.#send('explain', destination, 0).answer) as Explanation;
  }

  /** A connection that stays; `again` asks who is at its other end now. */
  async open(host: string, port: number = PORTS[0]): Promise<{ side: string; again(): Promise<string> }> {
    const { id, answer } = this.#send('open', host, port);
    const side = await answer;
    return { side, again: () => this.#send('again', String(id), 0).answer };
  }

  close(): void {
    this.#child.stdin.end();
  }

  #send(op: string, host: string, port: number, from = ''): { id: number; answer: Promise<string> } {
    const id = ++this.#id;
    const answer = new Promise<string>((resolve) => this.#waiting.set(id, resolve));
    this.#child.stdin.write(`${JSON.stringify([id, op, host, port, from])}\n`);
    return { id, answer };
  }
}

export class TwoSides {
  readonly sandbox: Sandbox;
  readonly programs: Asker;
  readonly #folder: string;
  #session: Session | undefined;

  private constructor(sandbox: Sandbox) {
    this.sandbox = sandbox;
    this.programs = new Asker(sandbox.developer);
    this.#folder = mkdtempSync(join(tmpdir(), 'mirrord-filter-'));
    chmodSync(this.#folder, 0o755);
  }

  static async open(addresses: readonly string[]): Promise<TwoSides> {
    const sandbox = await createSandbox();
    try {
      await Promise.all([
        witness(sandbox.cluster, 'cluster', addresses),
        witness(sandbox.internet, 'developer', addresses),
      ]);
      return new TwoSides(sandbox);
    } catch (error) {
      await sandbox.close();
      throw error;
    }
  }

  /** Writes a configuration file that everyone may read; its path. */
  file(content: object | string, name = 'mirrord.json'): string {
    const path = join(this.#folder, name);
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
    return path;
  }

  /** A session with this under `feature.network`, in place of the one before. */
  async up(network: object, args: readonly string[] = []): Promise<Session> {
    await this.down();
    const file = this.file({ feature: { network } });
    this.#session = up(this.sandbox, { args: ['-f', file, ...args] });
    return this.#session.ready();
  }

  get session(): Session {
    assert.ok(this.#session, 'a session is up');
    return this.#session;
  }

  async down(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    if (session?.child.exitCode === null && session.child.signalCode === null) await session.end();
  }

  async explain(destination: string): Promise<Explanation> {
    const { code, stdout, stderr } = await mirrord(this.sandbox, ['explain', destination, '--json']);
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout) as Explanation;
  }

  async close(): Promise<void> {
    await this.down();
    this.programs.close();
    rmSync(this.#folder, { recursive: true, force: true });
    await this.sandbox.close();
  }
}

async function witness(machine: Machine, side: string, addresses: readonly string[]): Promise<void> {
  const child = machine.start(process.execPath, [
    join(import.meta.dirname, 'witness.ts'),
    side,
    PORTS.join(','),
    ...addresses,
  ]);
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const [line] = (await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])) as [unknown];
  assert.match(String(line), /^ready/, errors);
  child.unref();
}

/** The two sides for a suite. */
export function useTwoSides(addresses: readonly string[]): { readonly world: TwoSides } {
  const held = {} as { world: TwoSides };
  before(async () => {
    held.world = await TwoSides.open(addresses);
  });
  after(() => held.world?.close());
  return held;
}
