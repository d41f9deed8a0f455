/** `up --detach`: a second process runs the session; this one shows its steps until it is ready. */
import { createInterface } from 'node:readline';
import { MirrordError } from '../errors.ts';
import type { ErrorDescription } from '../errors.ts';
import type { UpEvent } from './up.ts';
import { people } from './up.ts';

export async function startDetached(args: readonly string[], json: boolean): Promise<void> {
  const { spawnDetached } = await import('../host/index.ts');
  const child = spawnDetached([
    process.argv[1] ?? '',
    ...args.filter((arg) => arg !== '--detach' && arg !== '--json'),
    '--json',
  ]);
  const show = people();
  const failure: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => failure.push(line));
  for await (const line of createInterface({ input: child.stdout })) {
    const event = JSON.parse(line) as UpEvent;
    if (json) process.stdout.write(`${line}\n`);
    else show(event);
    if ('ready' in event) return child.release();
  }
  throw toError(failure);
}

function toError(lines: readonly string[]): Error {
  for (const line of lines) {
    try {
      const { error } = JSON.parse(line) as { error: ErrorDescription };
      return MirrordError.fromDescription({ failure: 'unexpected', ...error });
    } catch {
      // Not the error's line.
    }
  }
  return new Error(`The background process ended without a word.\n${lines.join('\n')}`);
}
