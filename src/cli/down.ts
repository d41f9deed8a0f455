/** `mirrord down`: asks the session to end; what a dead one has left, the host part puts back. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { askSession, sessionNames } from '../control/client.ts';
import { SESSIONS_FOLDER } from '../control/session-folder.ts';
import { MirrordError } from '../errors.ts';
import type { LeftoverPlace, Leftovers } from './leftovers.ts';
import { err, out } from './output.ts';

/** The session deletes what it has in the cluster before it ends; a slow API server gets this long. */
const DOWN_DEADLINE_MS = 20_000;
const POLL_MS = 20;
/** A session that is just starting listens within this; one that does not has been killed. */
const START_MS = 5_000;
const NOTHING: Leftovers = { removed: [], note: null, notices: [] };
const RESOLV_CONF = '/etc/resolv.conf';

export async function runDown(
  names: readonly string[] | 'all',
  json: boolean,
  place: LeftoverPlace = {},
): Promise<void> {
  const chosen = names === 'all' ? await sessionNames() : names;
  const ended: string[] = [];
  for (const name of chosen) {
    if (await end(name)) ended.push(name);
  }
  // Last, since root's rights are given up for it: the cluster is asked as the user.
  const { removed, note, notices } = names === 'all' ? await leftovers(place) : NOTHING;
  for (const notice of notices) err.line(`! ${notice}`);
  if (note !== null) err.paragraph(`The cluster was not searched for agents of killed sessions: ${note}`);
  if (json) return out.json({ ended, removed });
  const lines = [
    ...ended.map((name) => `session '${name}' is down`),
    ...removed.map((job) => `removed ${job}, which a killed session had left`),
  ];
  for (const line of lines.length === 0 ? ['not running'] : lines) out.line(line);
}

/** While a session is up a Job may be its own. */
async function leftovers(place: LeftoverPlace): Promise<Leftovers> {
  if ((await sessionNames()).length > 0) return { ...NOTHING, note: 'a session is still up' };
  const { removeLeftovers } = await import('./leftovers.ts');
  return removeLeftovers(place);
}

/** Resolves to whether there was anything to end. */
async function end(name: string): Promise<boolean> {
  const folder = join(SESSIONS_FOLDER, name);
  if (!existsSync(folder)) {
    // A power failure takes the folder along, but not a file in /etc.
    return hasForgottenFile(name) && (await recover(name));
  }
  const signal = AbortSignal.timeout(DOWN_DEADLINE_MS);
  const start = performance.now();
  for (let asked = false; existsSync(folder); await delay(POLL_MS)) {
    asked ||= await askToEnd(name, signal);
    if (asked ? signal.aborted : performance.now() - start > START_MS) return recover(name);
    // Root sees at once whether it lives.
    if (!asked && process.getuid?.() === 0 && (await isOver(name))) return true;
  }
  return true;
}

/** Resolves to whether it has heard. */
async function askToEnd(name: string, signal: AbortSignal): Promise<boolean> {
  try {
    await askSession(name, 'down', undefined, signal);
  } catch (error) {
    if (!(error instanceof MirrordError)) throw error;
    // It does not listen yet, or no more: the folder tells.
    if (error.code === 'session-not-running') return false;
    // It ended before it could answer.
    if (error.code !== 'session-no-answer') throw error;
  }
  return true;
}

function hasForgottenFile(name: string): boolean {
  try {
    return readFileSync(RESOLV_CONF, 'utf8').startsWith(`# Written by mirrord (session ${name})`);
  } catch {
    return false; // there is none, or none for us to read
  }
}

async function recover(name: string): Promise<boolean> {
  if (process.getuid?.() !== 0) {
    throw new MirrordError(
      'permission',
      'not-root',
      `Session '${name}' was killed, or does not end; only root can put back what it has changed.`,
      {
        help: `Run it with sudo: sudo mirrord down --name ${name}`,
      },
    );
  }
  if (await isOver(name)) return true;
  throw new MirrordError('unexpected', 'session-stuck', `Session '${name}' lives, but does not end.`, {
    help: `Find its processes with: pgrep -af mirrord.  Once they have been killed, this puts everything back: sudo mirrord down --name ${name}`,
  });
}

/** Puts back what it has left, unless it lives. */
async function isOver(name: string): Promise<boolean> {
  const { recoverSession } = await import('../host/index.ts');
  return (await recoverSession(name)).outcome !== 'alive';
}
