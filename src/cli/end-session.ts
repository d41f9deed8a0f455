/** Ends one session: it is asked to; what a killed one has left, the host part puts back. */
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { type Trust, askSession } from '../control/client.ts';
import { type SessionId, sessionFolder } from '../control/session-folder.ts';
import { MirrordError } from '../errors.ts';
import { readFormerContent } from '../machine/linux/dns/former-content.ts';
import { RESOLV_CONF } from '../machine/linux/dns/resolv-conf.ts';
import { stuck } from './running-session.ts';

/** The session deletes what it has in the cluster before it ends; a slow API server gets this long. */
const DOWN_DEADLINE_MS = 20_000;
const POLL_MS = 20;
/** A session that is just starting listens within this; one that does not has been killed. */
const START_MS = 5_000;

/** Resolves to what the cluster keeps of it, one line each; null when there was nothing to end. */
export async function endSession(session: SessionId, trusts: Trust): Promise<readonly string[] | null> {
  const folder = sessionFolder(session);
  if (!existsSync(folder)) {
    // A power failure takes the folder along, but not a file in /etc.
    if (!hasForgottenFile(session.name)) return null;
    await recover(session);
    return [];
  }
  const signal = AbortSignal.timeout(DOWN_DEADLINE_MS);
  const start = performance.now();
  let remains: readonly string[] | undefined;
  for (; existsSync(folder); await delay(POLL_MS)) {
    remains ??= await askToEnd(session, signal, trusts);
    const wasAsked = remains !== undefined;
    if (wasAsked ? signal.aborted : performance.now() - start > START_MS) {
      await recover(session);
      break;
    }
    // Root sees at once whether it lives.
    if (!wasAsked && process.getuid?.() === 0 && (await isOver(session))) break;
  }
  return remains ?? [];
}

/** Resolves, once the session has ended, to what the cluster keeps of it; undefined when it does not listen. */
async function askToEnd(
  session: SessionId,
  signal: AbortSignal,
  trusts: Trust,
): Promise<readonly string[] | undefined> {
  try {
    return await describeRemains(await askSession(session, 'down', undefined, signal, trusts));
  } catch (error) {
    if (!(error instanceof MirrordError)) throw error;
    // It does not listen yet, or no longer: the folder tells.
    if (error.code === 'session-not-running') return undefined;
    // It ended before it could answer.
    if (error.code === 'session-no-answer') return [];
    throw error;
  }
}

async function describeRemains(answer: unknown): Promise<readonly string[]> {
  if (!Array.isArray(answer) || answer.length === 0) return [];
  const { checkRemains, describeRemain } = await import('../host/index.ts');
  return checkRemains(answer).map(describeRemain);
}

function hasForgottenFile(name: string): boolean {
  try {
    return readFormerContent(readFileSync(RESOLV_CONF, 'utf8'))?.session === name;
  } catch {
    return false; // there is none, or none for us to read
  }
}

/** Throws unless everything is put back. */
async function recover(session: SessionId): Promise<void> {
  const { name } = session;
  if (process.getuid?.() !== 0) {
    throw new MirrordError(
      'permission',
      'not-root',
      `Session '${name}' was killed or does not end. Only root can undo its changes.`,
    );
  }
  if (await isOver(session)) return;
  throw stuck(name);
}

/** Puts back what it has left, unless it lives. */
async function isOver({ name, networkNamespace }: SessionId): Promise<boolean> {
  const { recoverSession } = await import('../host/index.ts');
  return (await recoverSession(name, undefined, networkNamespace)).outcome !== 'alive';
}
