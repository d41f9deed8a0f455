/** `mirrord up`: shows the host process's steps, and turns signals into its end. */
import { MirrordError } from '../errors.ts';
import type { Progress, UpOptions } from '../ipc/protocol.ts';
import { Steps } from './steps.ts';
import { sessionStatus } from './status.ts';

export interface UpSettings {
  readonly detach: boolean;
  readonly json: boolean;
}

/** What `up --json` prints, one per line; a detached session tells its starter in the same way. */
export type UpEvent = Progress | { readonly ready: readonly string[] };

const READY = 'Ready. Ctrl-C to stop.';
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export async function runUp(options: UpOptions, { detach, json }: UpSettings): Promise<void> {
  const running = await sessionStatus(options.name);
  if (running) {
    const text = `session '${options.name}' is already up (${running.target}, pid ${running.pid})`;
    process.stdout.write(json ? `${JSON.stringify({ ready: [text] } satisfies UpEvent)}\n` : `${text}\n`);
    return;
  }
  requireRoot();
  if (detach) {
    const { startDetached } = await import('./detach.ts');
    return startDetached(process.argv.slice(2), json);
  }
  await runInForeground(options, json ? jsonLines() : people());
}

async function runInForeground(options: UpOptions, show: (event: UpEvent) => void): Promise<void> {
  const interrupt = new AbortController();
  const onSignal = (): void => interrupt.abort();
  for (const signal of SIGNALS) process.on(signal, onSignal);
  try {
    const { runHost } = await import('../host/index.ts');
    await runHost({
      options,
      signal: interrupt.signal,
      progress: show,
      ready: (lines) => show({ ready: lines }),
    });
  } finally {
    for (const signal of SIGNALS) process.off(signal, onSignal);
  }
  if (interrupt.signal.aborted) {
    throw new MirrordError('interrupted', 'interrupted', 'Interrupted; everything has been put back.');
  }
}

export function people(steps: Steps = new Steps(process.stdout)): (event: UpEvent) => void {
  return (event) => {
    if (!('ready' in event)) return steps.show(event);
    for (const line of [...event.ready, READY]) steps.line(line);
  };
}

function jsonLines(): (event: UpEvent) => void {
  return (event) => process.stdout.write(`${JSON.stringify(event)}\n`);
}

function requireRoot(): void {
  if (process.getuid?.() === 0) return;
  throw new MirrordError('permission', 'not-root', 'A TUN interface, routes and DNS settings need root.', {
    help: `Run it with sudo: sudo mirrord ${process.argv.slice(2).join(' ')}`,
  });
}
