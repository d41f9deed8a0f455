/** The real `mirrord up`, in the foreground of the developer machine. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Machine } from '../../sandbox/index.ts';

const READY_DEADLINE_MS = 90_000;

/** Resolves when it is ready; what it prints goes straight to the reader. */
export async function startUp(
  machine: Machine,
  mirrord: string,
  args: readonly string[],
  shown: string,
): Promise<ChildProcess> {
  console.log(`\n$ ${shown}`);
  const child = machine.start(mirrord, ['up', ...args]);
  let output = '';
  const ready = new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      process.stdout.write(chunk);
      output += chunk.toString();
      if (output.includes('Ready.')) resolve();
    });
  });
  child.stderr.on('data', (chunk: Buffer) => process.stderr.write(chunk));
  const deadline = AbortSignal.timeout(READY_DEADLINE_MS);
  const ended = once(child, 'exit', { signal: deadline }).then(() => {
    throw new Error('mirrord up ended before it was ready');
  });
  // When it is ready first, nobody looks at this any more.
  ended.catch(() => undefined);
  await Promise.race([ready, ended]);
  return child;
}
