/** The tests' side of traffic.ts: starts it on a machine, and reads its report. */
import assert from 'node:assert/strict';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Machine } from '../../../scripts/sandbox/index.ts';
import type { Report } from './traffic.ts';

const PROGRAM = join(import.meta.dirname, 'traffic.ts');

export class Traffic {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  #errors = '';

  private constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#errors += text));
  }

  /** Resolves when all flows are open; `rate` in bytes per second and flow. */
  static async start(machine: Machine, address: string, port: number, flows: number, rate: number): Promise<Traffic> {
    const args = [PROGRAM, address, String(port), String(flows), String(rate)];
    const traffic = new Traffic(machine.start(process.execPath, args, { as: 'developer' }));
    assert.equal(await traffic.#line(), 'running', traffic.#errors);
    return traffic;
  }

  /** One more flow is opened now. */
  open(): void {
    this.#child.stdin.write('new\n');
  }

  async stop(): Promise<Report> {
    this.#child.stdin.end('stop\n');
    const line = await this.#line();
    assert.ok(line, `traffic ended early: ${this.#errors}`);
    return JSON.parse(line) as Report;
  }

  async #line(): Promise<string | undefined> {
    const { value, done } = await this.#lines.next();
    return done === true ? undefined : value;
  }
}

/** Milliseconds from `since` until every flow that was interrupted then had bytes again; 0 when none was. */
export function recovery({ gaps }: Report, since: number): number {
  return Math.max(0, ...gaps.filter(([from, to]) => from <= since + 1_000 && to > since).map(([, to]) => to - since));
}
