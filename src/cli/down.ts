/** `mirrord down`: which sessions are ended, and what is said of it. */
import { listSessions } from '../control/client.ts';
import { type SessionId, ownNetworkNamespace, sessionHere } from '../control/session-folder.ts';
import { MirrordError } from '../errors.ts';
import { endSession } from './end-session.ts';
import type { LeftoverPlace, Leftovers } from './leftovers.ts';
import { whoMayBeTold } from './oneself.ts';
import type { Format } from './output-format.ts';
import { err, out } from './output.ts';

const NOTHING: Leftovers = { removed: [], note: null, notices: [] };

export interface DownSettings {
  /** Undefined: every session. */
  readonly name: string | undefined;
  /** Of all network namespaces, not only of this one. */
  readonly allNamespaces: boolean;
  readonly format: Format;
  readonly place: LeftoverPlace;
}

export async function runDown(settings: DownSettings): Promise<void> {
  const { name, format, place } = settings;
  const trusts = await whoMayBeTold();
  const ended: SessionId[] = [];
  const remains: string[] = [];
  for (const session of await chosen(settings)) {
    try {
      const kept = await endSession(session, trusts);
      if (kept === null) continue;
      ended.push(session);
      remains.push(...kept);
    } catch (error) {
      const isOthers = error instanceof MirrordError && error.code === 'session-not-yours';
      if (name !== undefined || !isOthers) throw error;
      err.line(`${error.message} It stays.`);
    }
  }
  // Last, since root's rights are given up for it: the cluster is asked as the user.
  const { removed, note, notices } = name === undefined ? await leftovers(place) : NOTHING;
  for (const notice of notices) err.entry('warning', '', notice);
  if (note !== null) err.paragraph(`The cluster was not searched for agents of killed sessions: ${note}`);
  for (const line of remains) err.entry('warning', '', line);
  const here = ownNetworkNamespace();
  const answer = { ended: ended.map((each) => each.name), removed, remains };
  await out.answer(format, answer, (shown) => {
    const lines = [
      ...ended.map((each) => `session '${each.name}'${elsewhere(each, here)} is down`),
      ...shown.removed.map((job) => `removed ${job}, left by a killed session`),
    ];
    return `${(lines.length === 0 ? ['not running'] : lines).join('\n')}\n`;
  });
}

async function chosen({ name, allNamespaces }: DownSettings): Promise<readonly SessionId[]> {
  const found = await listSessions({ allNamespaces });
  if (name === undefined) return found;
  // The one that was named is looked for even where it has no folder: a power failure takes that along.
  const here = sessionHere(name);
  return [here, ...found.filter((each) => each.name === name && each.networkNamespace !== here.networkNamespace)];
}

/** While a session is up a Job may be its own. */
async function leftovers(place: LeftoverPlace): Promise<Leftovers> {
  if ((await listSessions({ allNamespaces: true })).length > 0) return { ...NOTHING, note: 'a session is still up' };
  const { removeLeftovers } = await import('./leftovers.ts');
  return removeLeftovers(place);
}

const elsewhere = ({ networkNamespace }: SessionId, here: string): string =>
  networkNamespace === here ? '' : ` of another network namespace (${networkNamespace})`;
