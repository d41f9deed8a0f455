/** `mirrord down`: asks the session to end; what a dead one has left, the host part puts back. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { askSession, sessionNames } from '../control/client.ts';
import { SESSIONS_FOLDER } from '../control/session-folder.ts';
import { MirrordError } from '../errors.ts';
import type { Leftovers } from './leftovers.ts';

/** The session deletes what it has in the cluster before it ends; a slow API server gets this long. */
const DOWN_DEADLINE_MS = 20_000;
const POLL_MS = 20;
const RESOLV_CONF = '/etc/resolv.conf';

export async function runDown(names: readonly string[] | 'all', json: boolean): Promise<void> {
  const chosen = names === 'all' ? await sessionNames() : names;
  const ended: string[] = [];
  for (const name of chosen) {
    if (await end(name)) ended.push(name);
  }
  // Last, since root's rights are given up for it: the cluster is asked as the user.
  const { removed, note } = names === 'all' ? await leftovers() : { removed: [], note: null };
  if (note !== null) process.stderr.write(`The cluster was not searched for agents of killed sessions: ${note}\n`);
  if (json) return void process.stdout.write(`${JSON.stringify({ ended, removed })}\n`);
  const lines = [
    ...ended.map((name) => `session '${name}' is down\n`),
    ...removed.map((job) => `removed ${job}, which a killed session had left\n`),
  ];
  process.stdout.write(lines.length === 0 ? 'not running\n' : lines.join(''));
}

/** While a session is up a Job may be its own. */
async function leftovers(): Promise<Leftovers> {
  if ((await sessionNames()).length > 0) return { removed: [], note: 'a session is still up' };
  const { removeLeftovers } = await import('./leftovers.ts');
  return removeLeftovers();
}

/** Resolves to whether there was anything to end. */
async function end(name: string): Promise<boolean> {
  const folder = join(SESSIONS_FOLDER, name);
  if (!existsSync(folder)) {
    // A power failure takes the folder along, but not a file in /etc.
    return hasForgottenFile(name) && (await recover(name));
  }
  const signal = AbortSignal.timeout(DOWN_DEADLINE_MS);
  try {
    await askSession(name, 'down', undefined, signal);
  } catch (error) {
    // It ended before it could answer, or has been dead for long: the folder tells.
    if (!(error instanceof MirrordError) || !['session-not-running', 'session-no-answer'].includes(error.code))
      throw error;
    if (error.code === 'session-not-running' && existsSync(folder)) return recover(name);
  }
  while (existsSync(folder)) {
    if (signal.aborted) return recover(name);
    await delay(POLL_MS);
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
      `Session '${name}' was killed and has left settings that only root can put back.`,
      {
        help: `Run it with sudo: sudo mirrord down --name ${name}`,
      },
    );
  }
  const { recoverSession } = await import('../host/index.ts');
  await recoverSession(name);
  return true;
}
