/** `mirrord up`: shows the host process's steps, and turns signals into its end. */
import { MirrordError } from '../errors.ts';
import type { EndSignal } from '../host/index.ts';
import type { UpOptions } from '../ipc/protocol.ts';
import { forPeople, forPrograms } from './events.ts';
import { err, out } from './output.ts';
import { AGENT_BUNDLE, READ_PROGRAM, RESTORE_PROGRAM, SESSION_PROGRAM } from './programs.ts';
import { sessionStatus } from './status.ts';
import { Steps } from './steps.ts';

export interface UpSettings {
  readonly detach: boolean;
  readonly json: boolean;
}

export async function runUp(options: UpOptions, { detach, json }: UpSettings): Promise<void> {
  const running = await sessionStatus(options.name);
  if (running) return alreadyUp(options, `${running.target}, pid ${running.pid}`, json);
  requireRoot();
  if (detach) {
    const { startDetached } = await import('./detach.ts');
    return startDetached(options.name, json);
  }
  await runInForeground(options, json);
}

async function runInForeground(options: UpOptions, json: boolean): Promise<void> {
  const steps = new Steps(out);
  const show = json ? forPrograms : forPeople('Ready. Ctrl-C to stop.', steps);
  const { runHost } = await import('../host/index.ts');
  const end = await runHost(options, {
    session: SESSION_PROGRAM,
    restore: RESTORE_PROGRAM,
    reader: READ_PROGRAM,
    agentBundle: AGENT_BUNDLE,
    // `-f -` reads the configuration from there.
    stdin: options.configFile === '-' ? 'inherit' : 'ignore',
    cwd: process.cwd(),
    environment: process.env,
    progress: show,
    ready: (lines) => show({ ready: lines }),
    output: (text) => {
      if (options.verbose) err.text(text);
    },
  });
  // It may have ended in the middle of a step, whose line would go on being drawn.
  steps.stop();
  switch (end.outcome) {
    case 'stopped':
      return show({ ended: { by: 'down', as_before: end.isAsBefore } });
    case 'failed':
      throw end.error;
    case 'interrupted':
      if (!end.wasReady) throw brokenOff(end.signal, end.isAsBefore);
      return show({ ended: { by: 'signal', as_before: end.isAsBefore } });
    case 'already-up':
      return alreadyUp(options, `pid ${end.pid}`, json);
  }
}

/** A start that did not come to its end. */
function brokenOff(signal: EndSignal, isAsBefore: boolean): MirrordError {
  const rest = isAsBefore ? '; everything has been put back.' : '.';
  switch (signal) {
    case 'SIGINT':
      return new MirrordError('interrupted', 'interrupted', `Interrupted${rest}`);
    case 'SIGTERM':
      return new MirrordError('terminated', 'terminated', `Terminated${rest}`);
    case 'SIGHUP':
      return new MirrordError('hangup', 'hangup', `The terminal was closed${rest}`);
  }
}

/** What is asked for stands; anything else is an error. */
async function alreadyUp(options: UpOptions, detail: string, json: boolean): Promise<void> {
  const { requireSameSettings } = await import('./same-settings.ts');
  await requireSameSettings(options);
  const text = `session '${options.name}' is already up (${detail})`;
  if (json) forPrograms({ ready: [text] });
  else out.line(text);
}

function requireRoot(): void {
  if (process.getuid?.() === 0) return;
  throw new MirrordError('permission', 'not-root', 'A TUN interface, routes and DNS settings need root.', {
    help: `Run it with sudo: sudo mirrord ${process.argv.slice(2).join(' ')}`,
  });
}
