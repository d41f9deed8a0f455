/** `up --detach`: a second process runs the session; this one shows its steps until it is ready. */
import { createInterface } from 'node:readline';
import { EXIT, MirrordError } from '../errors.ts';
import type { ErrorDescription, FailureClass } from '../errors.ts';
import { firstScreen, forPeople } from './events.ts';
import type { UpEvent } from './events.ts';
import { pasteable } from './invocation.ts';
import { type Format, withoutFormat } from './output-format.ts';
import { out } from './output.ts';
import { Steps } from './steps.ts';

/** They break off the start.  The terminal does not send them to the background process, so they are passed on. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export async function startDetached(name: string, format: Format): Promise<void> {
  const { spawnDetached } = await import('../host/index.ts');
  const words = withoutFormat(process.argv.slice(1)).filter((word) => word !== '--detach');
  const child = spawnDetached([...words, '--json']);
  let isBrokenOff = false;
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      isBrokenOff = true;
      child.stop(signal);
    });
  }
  const steps = new Steps(out);
  const stop = pasteable(`To stop: mirrord down${name === 'default' ? '' : ` --name ${name}`}`);
  const show = format === 'table' ? forPeople(await firstScreen(name, stop), steps) : await out.writer(format);
  const said: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => said.push(line));
  for await (const line of createInterface({ input: child.stdout })) {
    const event = JSON.parse(line) as UpEvent;
    // It may have become ready at that very moment: it is stopped all the same, and that is what is said.
    if ('ready' in event && isBrokenOff) continue;
    show(event);
    if ('ready' in event) return child.release();
    if ('ended' in event) return;
  }
  // As in the foreground: the step in which it ended.
  steps.stop();
  throw toError(said, await child.exited);
}

/** The error that the background process printed, with the class that its exit code stands for. */
function toError(words: readonly string[], code: number | null): Error {
  for (const line of words.filter((word) => word.startsWith('{"error":'))) {
    const { error } = JSON.parse(line) as { error: Omit<ErrorDescription, 'failure'> };
    const known = Object.entries(EXIT).find(
      ([failure, exit]) => exit === code && failure !== 'ok' && failure !== 'findings',
    );
    return MirrordError.fromDescription({ ...error, failure: (known?.[0] ?? 'unexpected') as FailureClass });
  }
  return new Error(`The background process ended without a message (exit ${code}).\n${words.join('\n')}`);
}
