/**
 * Takes back what a journal says.  Entries are independent of each other; each playback may be repeated, and works
 * when its change was made half, or not at all.
 */
import { MirrordError, describeError } from '../../errors.ts';
import { formerContent, readFormerContent } from '../../machine/linux/dns/former-content.ts';
import { RESOLV_CONF } from '../../machine/linux/dns/resolv-conf.ts';
import { resolvedRuns, rewriteResolvConf } from '../../machine/linux/dns/resolved-process.ts';
import { BYTES } from '../../machine/linux/system/files.ts';
import { type System, thisSystem } from '../../machine/linux/system/system.ts';
import { endSockets } from '../../machine/linux/network/sockets.ts';
import { Journal, type NetworkEntry, type ResolvConfEntry, allJournals, undoBatch } from './journal.ts';
import { withLock } from './lock.ts';
import { playBackOutside } from './playback-outside.ts';

export interface Restored {
  readonly name: string;
  /** `alive`: its process still runs, and restores by itself.  `absent`: there was nothing. */
  readonly outcome: 'restored' | 'alive' | 'absent';
  /** What could not be made as it was before, in plain words. */
  readonly notes: readonly string[];
}

/**
 * What a session that has died left behind; harmless at any time, also while it lives.  `networkNamespace`: by default this
 * process's own.
 */
export async function recoverSession(
  name: string,
  system: System = thisSystem(),
  networkNamespace?: string,
): Promise<Restored> {
  return withLock(system, async () => {
    const restored = await restoreLocked(system, new Journal(system, name, networkNamespace));
    return restored.outcome === 'absent' ? (restoreAfterPowerFailure(system) ?? restored) : restored;
  });
}

/**
 * Every session of this network namespace that has died, and those of namespaces that have ended, of which nobody else
 * would take care; to be called under the lock.
 */
export async function restoreAllLocked(system: System): Promise<readonly Restored[]> {
  const here = system.probes.networkNamespace('self');
  const results: Restored[] = [];
  for (const journal of allJournals(system)) {
    const { networkNamespace } = journal;
    if (networkNamespace === here || enterNamespace(system, networkNamespace) === undefined) {
      results.push(await restoreLocked(system, journal));
    }
  }
  const lost = restoreAfterPowerFailure(system);
  return [...results.filter(({ outcome }) => outcome === 'restored'), ...(lost === undefined ? [] : [lost])];
}

/** /etc/resolv.conf of a session whose journal is gone; undefined when there is none. */
function restoreAfterPowerFailure(system: System): Restored | undefined {
  const written = system.files.read(RESOLV_CONF, BYTES) ?? '';
  const former = readFormerContent(written);
  if (former === undefined || hasEntry(system, former.session)) return undefined;
  let { before } = former;
  // Sessions that stood above each other: the file of each tells what was there before it.
  for (let inner = readFormerContent(before?.content ?? ''); inner; inner = readFormerContent(before?.content ?? '')) {
    if (hasEntry(system, inner.session)) break;
    before = inner.before;
  }
  const note = restoreResolvConf(system, { before, written });
  return { name: former.session, outcome: 'restored', notes: note === undefined ? [] : [note] };
}

/** Whether a session of this name cares for /etc/resolv.conf, which network namespaces share. */
const hasEntry = (system: System, name: string): boolean =>
  allJournals(system).some((journal) => journal.name === name && journal.resolvConf() !== undefined);

async function restoreLocked(system: System, journal: Journal): Promise<Restored> {
  const { name } = journal;
  if (system.files.kind(journal.folder) === undefined) return { name, outcome: 'absent', notes: [] };
  if (journal.alive()) return { name, outcome: 'alive', notes: [] };
  const notes = await playBack(system, journal);
  try {
    journal.discard();
  } catch (error) {
    // What its user has mounted there keeps it; that is no reason to restore no other.
    return {
      name,
      outcome: 'restored',
      notes: [...notes, `its folder could not be removed: ${describeError(error).message}`],
    };
  }
  return { name, outcome: 'restored', notes };
}

/** All entries, by their owner or by whoever comes after it. */
export async function playBack(system: System, journal: Journal): Promise<readonly string[]> {
  await playBackNetwork(system, journal);
  const notes = [...playBackResolvConf(system, journal), ...playBackOutside(system, journal)];
  // Last, since it may have to wait; and once the link is gone, of which resolved would write again.
  await playBackResolved(system, journal);
  return notes;
}

export async function playBackNetwork(system: System, journal: Journal): Promise<void> {
  const entry = journal.network();
  if (entry) {
    const enter = enterNamespace(system, journal.networkNamespace);
    if (enter) await takeBack(system, enter, entry, journal.sockets());
  }
  journal.clearNetwork();
}

async function takeBack(system: System, enter: readonly string[], entry: NetworkEntry, sockets: string): Promise<void> {
  await endSockets(system, enter, sockets);
  for (const family of [4, 6] as const) {
    const [command, ...args] = [...enter, 'ip', `-${family}`, '-force', '-batch', '-'] as const;
    // Lines whose change was never made, or has been taken back already, fail; `ip` says so and goes on.
    await system.run(command, args, undoBatch(entry, family));
  }
  // Those that were opened meanwhile: from now on none can be.
  await endSockets(system, enter, sockets);
}

export async function playBackResolved(system: System, journal: Journal): Promise<void> {
  const { networkNamespace } = journal;
  // One that does not run writes its files when it is started.
  if (journal.resolved() && resolvedRuns(system, networkNamespace)) {
    const enter = enterNamespace(system, networkNamespace);
    if (enter) await rewriteResolvConf(system, enter);
  }
  journal.clearResolved();
}

/** The command in front of `ip`; undefined when the namespace has ended, and with it everything that was in it. */
function enterNamespace(system: System, namespace: string): readonly [] | readonly [string, string] | undefined {
  const { files, probes } = system;
  if (probes.networkNamespace('self') === namespace) return [];
  for (const pid of files.list('/proc').filter((entry) => /^\d+$/.test(entry))) {
    if (probes.networkNamespace(Number(pid)) === namespace) return ['nsenter', `--net=/proc/${pid}/ns/net`];
  }
  const inode = /\d+/.exec(namespace)?.[0];
  for (const name of files.list('/run/netns')) {
    if (String(files.inode(`/run/netns/${name}`)) === inode) return ['nsenter', `--net=/run/netns/${name}`];
  }
  return undefined;
}

/** Notes when another program has written the file meanwhile: its content stays. */
export function playBackResolvConf(system: System, journal: Journal): readonly string[] {
  const { files } = system;
  const entry = journal.resolvConf();
  if (!entry) return [];
  files.remove(`${RESOLV_CONF}.mirrord-${journal.owner()?.pid}`);
  let note: string | undefined;
  try {
    if (!handOver(system, journal, entry)) note = restoreResolvConf(system, entry);
  } catch (error) {
    throw new MirrordError(
      'host',
      'resolv-conf-stuck',
      `${RESOLV_CONF} cannot be restored: ${(error as Error).message}.`,
      {
        help: `Its former content is in ${journal.folder}/resolv-conf.json.  Make it writable, then: sudo mirrord down --name ${journal.name}`,
        cause: error,
      },
    );
  }
  journal.clearResolvConf();
  return note === undefined ? [] : [note];
}

/**
 * A later session has put its file over this one's: it takes over what was there before both, for when it ends.
 * False when there is none.
 */
function handOver({ files }: System, journal: Journal, { before, written }: ResolvConfEntry): boolean {
  for (const later of journal.others()) {
    const entry = later.resolvConf();
    if (entry?.before?.content !== written) continue;
    const text = entry.written.replace(formerContent(entry.before), () => formerContent(before));
    later.writeResolvConf({ before, written: text });
    if (files.read(RESOLV_CONF, BYTES) === entry.written) files.overwrite(RESOLV_CONF, text);
    return true;
  }
  return false;
}

function restoreResolvConf({ files }: System, { before, written }: ResolvConfEntry): string | undefined {
  const now = files.kind(RESOLV_CONF);
  const content = files.read(RESOLV_CONF, BYTES);
  const ours = now?.kind === 'file' && content !== undefined && isOurs(content, written, before?.content ?? '');
  if (now !== undefined && !ours) {
    const same =
      before?.kind === now.kind && (before.kind === 'link' ? before.target === now.target : before.content === content);
    return same ? undefined : `${RESOLV_CONF} was written by another program meanwhile and stays as it is now.`;
  }
  if (before === undefined) {
    files.remove(RESOLV_CONF);
  } else if (before.kind === 'link') {
    files.replaceByLink(RESOLV_CONF, before.target ?? '');
  } else if (now === undefined) {
    files.replace(RESOLV_CONF, before.content, before.mode, before.uid, before.gid, BYTES);
  } else {
    files.overwrite(RESOLV_CONF, before.content);
  }
  return undefined;
}

/** The content is overwritten in place, both ways: a process killed in the middle leaves the tail of the other one. */
function isOurs(content: string, written: string, before: string): boolean {
  const halfBack = before !== content && content === before + written.slice(before.length);
  return content.startsWith(written) || halfBack;
}
