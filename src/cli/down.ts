/** `mirrord down`: asks the session to end; what a dead one has left, the host part puts back. */
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { type Trust, askSession, listSessions } from '../control/client.ts';
import { type SessionId, ownNetworkNamespace, sessionFolder, sessionHere } from '../control/session-folder.ts';
import { MirrordError } from '../errors.ts';
import type { LeftoverPlace, Leftovers } from './leftovers.ts';
import { oneself } from './oneself.ts';
import { err, out } from './output.ts';

/** The session deletes what it has in the cluster before it ends; a slow API server gets this long. */
const DOWN_DEADLINE_MS = 20_000;
const POLL_MS = 20;
/** A session that is just starting listens within this; one that does not has been killed. */
const START_MS = 5_000;
const NOTHING: Leftovers = { removed: [], note: null, notices: [] };
const RESOLV_CONF = '/etc/resolv.conf';

export interface DownSettings {
  /** Undefined: every session. */
  readonly name: string | undefined;
  /** Of all network namespaces, and not of this one alone. */
  readonly allNamespaces: boolean;
  readonly json: boolean;
  readonly place: LeftoverPlace;
}

export async function runDown(settings: DownSettings): Promise<void> {
  const { name, json, place } = settings;
  const trusts = await whoMayBeTold();
  const ended: SessionId[] = [];
  const remains: string[] = [];
  for (const session of await chosen(settings)) {
    try {
      if (await end(session, trusts, remains)) ended.push(session);
    } catch (error) {
      const isOthers = error instanceof MirrordError && error.code === 'session-not-yours';
      if (name !== undefined || !isOthers) throw error;
      err.line(`${error.message} It stays.`);
    }
  }
  // Last, since root's rights are given up for it: the cluster is asked as the user.
  const { removed, note, notices } = name === undefined ? await leftovers(place) : NOTHING;
  for (const notice of notices) err.line(`! ${notice}`);
  if (note !== null) err.paragraph(`The cluster was not searched for agents of killed sessions: ${note}`);
  for (const line of remains) err.line(`! ${line}`);
  if (json) return out.json({ ended: ended.map((each) => each.name), removed, remains });
  const here = ownNetworkNamespace();
  const lines = [
    ...ended.map((each) => `session '${each.name}'${elsewhere(each, here)} is down`),
    ...removed.map((job) => `removed ${job}, which a killed session had left`),
  ];
  for (const line of lines.length === 0 ? ['not running'] : lines) out.line(line);
}

/** Root ends anybody's session, and takes nothing from it. */
async function whoMayBeTold(): Promise<Trust> {
  return process.geteuid?.() === 0 ? () => true : oneself();
}

async function chosen({ name, allNamespaces }: DownSettings): Promise<readonly SessionId[]> {
  const here = sessionHere(name ?? '');
  const others = (await listSessions()).filter(
    (session) =>
      (allNamespaces || session.networkNamespace === here.networkNamespace) &&
      (name === undefined || (session.name === name && session.networkNamespace !== here.networkNamespace)),
  );
  // The one that was named is looked for even where it has no folder: a power failure takes that along.
  return name === undefined ? others : [here, ...others];
}

/** While a session is up a Job may be its own. */
async function leftovers(place: LeftoverPlace): Promise<Leftovers> {
  if ((await listSessions()).length > 0) return { ...NOTHING, note: 'a session is still up' };
  const { removeLeftovers } = await import('./leftovers.ts');
  return removeLeftovers(place);
}

const elsewhere = ({ networkNamespace }: SessionId, here: string): string =>
  networkNamespace === here ? '' : ` of another network namespace (${networkNamespace})`;

/** Resolves to whether there was anything to end; adds what of it the cluster keeps. */
async function end(session: SessionId, trusts: Trust, remains: string[]): Promise<boolean> {
  const folder = sessionFolder(session);
  if (!existsSync(folder)) {
    // A power failure takes the folder along, but not a file in /etc.
    return hasForgottenFile(session.name) && (await recover(session));
  }
  const signal = AbortSignal.timeout(DOWN_DEADLINE_MS);
  const start = performance.now();
  for (let asked = false; existsSync(folder); await delay(POLL_MS)) {
    asked ||= await askToEnd(session, signal, trusts, remains);
    if (asked ? signal.aborted : performance.now() - start > START_MS) return recover(session);
    // Root sees at once whether it lives.
    if (!asked && process.getuid?.() === 0 && (await isOver(session))) return true;
  }
  return true;
}

/** Resolves to whether it has heard, when it has ended. */
async function askToEnd(session: SessionId, signal: AbortSignal, trusts: Trust, remains: string[]): Promise<boolean> {
  try {
    remains.push(...(await describeRemains(await askSession(session, 'down', undefined, signal, trusts))));
  } catch (error) {
    if (!(error instanceof MirrordError)) throw error;
    // It does not listen yet, or no more: the folder tells.
    if (error.code === 'session-not-running') return false;
    // It ended before it could answer.
    if (error.code !== 'session-no-answer') throw error;
  }
  return true;
}

async function describeRemains(answer: unknown): Promise<readonly string[]> {
  if (!Array.isArray(answer) || answer.length === 0) return [];
  const { checkRemains, describeRemain } = await import('../host/index.ts');
  return checkRemains(answer).map(describeRemain);
}

function hasForgottenFile(name: string): boolean {
  try {
    return readFileSync(RESOLV_CONF, 'utf8').startsWith(`# Written by mirrord (session ${name})`);
  } catch {
    return false; // there is none, or none for us to read
  }
}

async function recover(session: SessionId): Promise<boolean> {
  const { name } = session;
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
  if (await isOver(session)) return true;
  throw new MirrordError('unexpected', 'session-stuck', `Session '${name}' lives, but does not end.`, {
    help: `Find its processes with: pgrep -af mirrord.  Once they have been killed, this puts everything back: sudo mirrord down --name ${name}`,
  });
}

/** Puts back what it has left, unless it lives. */
async function isOver({ name, networkNamespace }: SessionId): Promise<boolean> {
  const { recoverSession } = await import('../host/index.ts');
  return (await recoverSession(name, undefined, networkNamespace)).outcome !== 'alive';
}
