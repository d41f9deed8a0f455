/** `mirrord up`: shows the host process's steps, and turns signals into its end. */
import { setTimeout as delay } from 'node:timers/promises';
import type { SessionStatus } from '../control/answers.ts';
import { MirrordError } from '../errors.ts';
import type { EndSignal } from '../host/index.ts';
import type { UpOptions } from '../ipc/protocol.ts';
import { firstScreen, forPeople, forPrograms, pathEvent, readyFields } from './events.ts';
import type { Format } from './output-format.ts';
import { err, out, showVerbose } from './output.ts';
import { AGENT_BUNDLE, READ_PROGRAM, RESTORE_PROGRAM, SESSION_PROGRAM } from './programs.ts';
import { runningSession, stuck, whenReady } from './running-session.ts';
import { sessionStatus } from './status.ts';
import { Steps } from './steps.ts';

/** A session that ends has put everything back within this, and one that starts listens, ms. */
const PATIENCE_MS = 20_000;
const POLL_MS = 50;

export interface UpSettings {
  readonly detach: boolean;
  readonly format: Format;
}

export async function runUp(options: UpOptions, { detach, format }: UpSettings): Promise<void> {
  const patience = AbortSignal.timeout(PATIENCE_MS);
  for (; ; await delay(POLL_MS)) {
    const running = await runningSession(options.name, patience);
    if (running) return alreadyUp(options, running, format);
    requireRoot();
    if (detach) {
      const { startDetached } = await import('./detach.ts');
      return startDetached(options.name, format);
    }
    if (await runInForeground(options, format)) return;
    // There is one that does not listen yet, or no more.
    if (patience.aborted) throw stuck(options.name);
  }
}

/** Resolves when the session has ended; to false when there is another one of its name. */
async function runInForeground(options: UpOptions, format: Format): Promise<boolean> {
  const steps = new Steps(out);
  const screen = await firstScreen(options.name, 'Ctrl-C to stop.');
  const show = format === 'table' ? forPeople(screen, steps) : forPrograms(options.name, await out.writer(format));
  if (options.verbose) showVerbose();
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
    ready: (ready) => show({ ready }),
    path: (change) => show(pathEvent(change)),
    output: (text) => {
      if (options.verbose) err.text(text);
    },
  });
  // It may have ended in the middle of a step, whose line would go on being drawn.
  steps.stop();
  switch (end.outcome) {
    case 'stopped':
      show({ ended: { by: 'down', as_before: end.isAsBefore } });
      return true;
    case 'failed':
      throw end.error;
    case 'interrupted':
      if (!end.wasReady) throw brokenOff(end.signal, end.isAsBefore);
      show({ ended: { by: 'signal', as_before: end.isAsBefore } });
      return true;
    case 'already-up':
      return false;
  }
}

/** A start that did not come to its end. */
function brokenOff(signal: EndSignal, isAsBefore: boolean): MirrordError {
  const rest = isAsBefore ? '; all changes have been undone.' : '.';
  switch (signal) {
    case 'SIGINT':
      return new MirrordError('interrupted', 'interrupted', `Interrupted${rest}`);
    case 'SIGTERM':
      return new MirrordError('terminated', 'terminated', `Terminated${rest}`);
    case 'SIGHUP':
      return new MirrordError('hangup', 'hangup', `Terminal closed${rest}`);
  }
}

/** What is asked for stands, or does so before long; anything else is an error. */
async function alreadyUp(options: UpOptions, running: SessionStatus, format: Format): Promise<void> {
  const { requireSameSettings } = await import('./same-settings.ts');
  await requireSameSettings(options);
  await whenReady(options.name);
  const status = (await sessionStatus(options.name)) ?? running;
  const { cluster, target, pid } = status;
  const ready = { place: cluster === null ? target : null, service: null, ...readyFields(status) };
  if (format !== 'table') (await out.writer(format))({ ready });
  else out.line(`session '${options.name}' is already up (${target}, pid ${pid})`);
}

function requireRoot(): void {
  if (process.getuid?.() === 0) return;
  throw new MirrordError('permission', 'not-root', 'A TUN interface, routes and DNS settings need root.');
}
