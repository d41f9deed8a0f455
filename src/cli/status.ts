/** `mirrord status`: asks every session of this network namespace, or of all, that one may ask, and names the others. */
import { type Trust, askSession, listSessions, readRecord } from '../control/client.ts';
import type { SessionStatus } from '../control/answers.ts';
import { type SessionId, ownNetworkNamespace, sessionHere } from '../control/session-folder.ts';
import { MirrordError } from '../errors.ts';
import { notRunning } from './ask.ts';
import { userHome } from './home.ts';
import { oneself } from './oneself.ts';
import type { Format } from './output-format.ts';
import { out } from './output.ts';
import { type OtherSession, type Reader, type ShownSession, formatOther, formatStatus } from './status-text.ts';

/** A session answers from memory; one that does not within this is stuck. */
const STATUS_DEADLINE_MS = 3_000;

export interface StatusSettings {
  readonly allNamespaces: boolean;
  readonly format: Format;
}

/** Those that may be asked, and those of other users. */
interface Found {
  readonly sessions: readonly ShownSession[];
  readonly others: readonly OtherSession[];
}

/** The session of that name in this network namespace; undefined when it does not run. */
export async function sessionStatus(name: string): Promise<SessionStatus | undefined> {
  return statusOf(sessionHere(name), await oneself());
}

export async function runStatus(name: string | undefined, { format, ...where }: StatusSettings): Promise<void> {
  const found = await gatherSessions(name, where);
  if (name !== undefined && found.sessions.length === 0) throw await notRunning(name);
  const reader = await readerHere();
  await out.answer(format, found, (shown) => formatSessions(shown, reader));
}

/** Of that name, or all; in this network namespace, or in all. */
export async function gatherSessions(
  name: string | undefined,
  settings: Pick<StatusSettings, 'allNamespaces'>,
): Promise<Found> {
  const here = ownNetworkNamespace();
  const chosen = (await listSessions(settings)).filter((session) => name === undefined || session.name === name);
  const trusts = await oneself();
  const sessions: ShownSession[] = [];
  const others: OtherSession[] = [];
  await Promise.all(
    chosen.map(async (session) => {
      const record = await readRecord(session);
      // In the middle of its start or its end.
      if (record === undefined) return;
      const whose = { user: record.user.name, network_namespace: session.networkNamespace };
      // Given by name, it is asked all the same, and the refusal is shown.
      if (name === undefined && !trusts(record.user.uid)) {
        const carries_your_programs = session.networkNamespace === here;
        return void others.push({ name: session.name, pid: record.pid, ...whose, carries_your_programs });
      }
      const status = await statusOf(session, trusts);
      if (status) sessions.push({ ...status, ...whose });
    }),
  );
  for (const list of [sessions, others]) list.sort((a, b) => (a.name < b.name ? -1 : 1));
  return { sessions, others };
}

export async function readerHere(): Promise<Reader> {
  return { networkNamespace: ownNetworkNamespace(), home: await userHome() };
}

export function formatSessions({ sessions, others }: Found, reader: Reader): string {
  if (sessions.length + others.length === 0) return 'not running\n';
  return [...sessions.map((session) => formatStatus(session, reader)), ...others.map(formatOther)].join('\n');
}

async function statusOf(session: SessionId, trusts: Trust): Promise<SessionStatus | undefined> {
  try {
    const signal = AbortSignal.timeout(STATUS_DEADLINE_MS);
    return (await askSession(session, 'status', undefined, signal, trusts)) as SessionStatus;
  } catch (error) {
    if (error instanceof MirrordError && error.code === 'session-not-running') return undefined;
    throw error;
  }
}
