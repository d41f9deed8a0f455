/** What `up` makes of a session of its name that is there already. */
import { setTimeout as delay } from 'node:timers/promises';
import type { SessionStatus } from '../control/answers.ts';
import { MirrordError } from '../errors.ts';
import { sessionStatus } from './status.ts';

const POLL_MS = 50;

/** Undefined when there is none that listens; one that is ending is waited for, until `patience` ends. */
export async function runningSession(name: string, patience: AbortSignal): Promise<SessionStatus | undefined> {
  for (; ; await delay(POLL_MS)) {
    try {
      const status = await sessionStatus(name);
      if (status?.state !== 'stopping') return status;
    } catch (error) {
      if (!isHungUp(error) || patience.aborted) throw error;
    }
    if (patience.aborted) throw stuck(name);
  }
}

/** Its start has deadlines of its own, so that this needs none; throws `session-died` when it ends instead. */
export async function whenReady(name: string): Promise<void> {
  for (let hangUps = 0; ; await delay(POLL_MS)) {
    let status: SessionStatus | undefined;
    try {
      status = await sessionStatus(name);
    } catch (error) {
      // Ask once more: by then it is gone, or does not answer anyone.
      if (!isHungUp(error) || ++hangUps > 1) throw error;
      continue;
    }
    if (status?.state === 'ready' || status?.state === 'reconnecting') return;
    if (status?.state === 'starting') continue;
    throw new MirrordError('unexpected', 'session-died', `Session '${name}' ended before it was ready.`, {
      help: 'The command that started it says why. Start it again with: sudo mirrord up',
    });
  }
}

/** What a session does in its last moments. */
const isHungUp = (error: unknown): boolean => error instanceof MirrordError && error.code === 'session-no-answer';

/** Neither listens nor ends. */
export const stuck = (name: string): MirrordError =>
  new MirrordError('unexpected', 'session-stuck', `Session '${name}' is still running and does not end.`, {
    help: `Find its processes with: pgrep -af mirrord. Kill them, then undo the changes with: sudo mirrord down --name ${name}`,
  });
