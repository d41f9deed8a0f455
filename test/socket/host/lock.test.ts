import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

const PROGRAM = join(import.meta.dirname, 'support/lock-taker.ts');
const WAITING = 4;
const KILLS = 80;
/** For all of them to be told of the moment. */
const AHEAD_MS = 5;

class Taker {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;

  constructor(root: string) {
    this.#child = spawn(process.execPath, [PROGRAM, root], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  take(at: number, what: 'stay' | 'leave'): void {
    this.#child.stdin.write(`${at} ${what}\n`);
  }

  /** Undefined when it has ended. */
  async line(): Promise<string | undefined> {
    const { value } = (await this.#lines.next()) as { value?: string };
    return value;
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit');
  }
}

describe('the lock of the session folders', function () {
  this.timeout(90_000);
  let root: string;
  const takers = new Set<Taker>();
  const start = (): Taker => {
    const taker = new Taker(root);
    takers.add(taker);
    return taker;
  };

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'mirrord-lock-'));
  });
  afterEach(async () => {
    await Promise.all([...takers].map((taker) => taker.kill()));
    takers.clear();
    rmSync(root, { recursive: true });
  });

  it('has one holder at a time, however often a holder is killed', async () => {
    const waiting = Array.from({ length: WAITING }, start);
    let next = start();
    for (let kills = 0; kills < KILLS; kills++) {
      const holder = next;
      holder.take(0, 'stay');
      assert.equal(await holder.line(), 'inside');
      await holder.kill();
      takers.delete(holder);
      next = start();
      const moment = Date.now() + AHEAD_MS;
      for (const taker of waiting) taker.take(moment, 'leave');
      for (const taker of waiting) {
        assert.equal(await taker.line(), 'inside');
        assert.equal(await taker.line(), 'left alone', `after ${kills} kills`);
      }
    }
  });
});
