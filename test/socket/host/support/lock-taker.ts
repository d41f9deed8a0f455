/**
 * `node lock-taker.ts ROOT`: takes the lock once for each line of standard input, which says when (ms since 1970) and
 * what then: `leave` it soon, or `stay` inside until killed.  Says `inside` when it is, and `left` when it has left, alone or
 * `beside` another one.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { withLock } from '../../../../src/host/journal/lock.ts';
import { Files } from '../../../../src/machine/files.ts';
import { thisSystem } from '../../../../src/machine/linux/system/system.ts';

/** Owner and mode need a right that this test does without. */
class OwnFiles extends Files {
  override folder(path: string): void {
    mkdirSync(this.path(path), { recursive: true });
  }
}

const files = new OwnFiles(process.argv[2] ?? '');
const inside = files.path('inside');
const own = String(process.pid);

for await (const line of createInterface({ input: process.stdin })) {
  const [time, what] = line.split(' ');
  // All of them at the same moment, as near as a machine comes to it.
  while (Date.now() < Number(time));
  const seen = await withLock({ ...thisSystem(), files }, async () => {
    writeFileSync(inside, own);
    process.stdout.write('inside\n');
    await delay(what === 'stay' ? 2 ** 30 : 2);
    return readFileSync(inside, 'utf8');
  });
  process.stdout.write(seen === own ? 'left alone\n' : `left beside ${seen}\n`);
}
