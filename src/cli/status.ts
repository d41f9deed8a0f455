/** `mirrord status`: asks every session that has a folder. */
import { askSession, sessionNames } from '../control/client.ts';
import type { SessionStatus } from '../control/protocol.ts';
import { MirrordError } from '../errors.ts';
import { out } from './output.ts';
import { formatStatus } from './status-text.ts';

/** A session answers from memory; one that does not within this is stuck. */
const STATUS_DEADLINE_MS = 3_000;

/** One session's status; undefined when it does not run or, unless asked for by name, is another user's. */
export async function sessionStatus(name: string): Promise<SessionStatus | undefined> {
  try {
    return (await askSession(name, 'status', undefined, AbortSignal.timeout(STATUS_DEADLINE_MS))) as SessionStatus;
  } catch (error) {
    if (error instanceof MirrordError && error.code === 'session-not-running') return undefined;
    throw error;
  }
}

export async function runStatus(name: string | undefined, json: boolean): Promise<void> {
  const sessions = name === undefined ? await readableSessions() : [await sessionStatus(name)];
  const running = sessions.filter((session) => session !== undefined);
  if (json) out.json({ sessions: running });
  else if (running.length === 0) out.line('not running');
  else out.formatted(running, (shown) => shown.map(formatStatus).join('\n'));
}

async function readableSessions(): Promise<(SessionStatus | undefined)[]> {
  const names = await sessionNames();
  return Promise.all(
    names.map(async (each) => {
      try {
        return await sessionStatus(each);
      } catch (error) {
        // Other users' sessions are not listed.
        if (error instanceof MirrordError && error.code === 'session-not-yours') return undefined;
        throw error;
      }
    }),
  );
}
