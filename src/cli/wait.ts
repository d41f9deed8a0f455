/** `mirrord status --wait`: for scripts, which go on when the session is ready, or learn by the exit code why it is not. */
import { setTimeout as delay } from 'node:timers/promises';
import type { SessionStatus } from '../control/answers.ts';
import { MirrordError } from '../errors.ts';
import { notRunning } from './ask.ts';
import { sessionStatus } from './status.ts';

const POLL_MS = 100;

/** Throws when it is not ready after so long: with the class of what keeps it from being so. */
export async function waitUntilReady(name: string, seconds: number): Promise<void> {
  const deadline = AbortSignal.timeout(seconds * 1_000);
  for (;;) {
    const status = await lookedAt(name);
    if (status?.state === 'ready') return;
    if (deadline.aborted) throw status === undefined ? await notRunning(name) : notReady(status, seconds);
    await delay(POLL_MS);
  }
}

/** Undefined also in the last moments of a session, when it hangs up. */
async function lookedAt(name: string): Promise<SessionStatus | undefined> {
  try {
    return await sessionStatus(name);
  } catch (error) {
    if (error instanceof MirrordError && error.code === 'session-no-answer') return undefined;
    throw error;
  }
}

function notReady({ name, state, reconnecting }: SessionStatus, seconds: number): MirrordError {
  const text = `Session '${name}' is not ready after ${seconds} s`;
  if (reconnecting === null) return new MirrordError('unexpected', 'session-starting', `${text}: it is ${state}.`);
  return new MirrordError('cluster', 'agent-away', `${text}: the agent cannot be reached: ${reconnecting.reason}.`);
}
