/**
 * Takes back what a journal says.  Entries are independent of each other; each playback may be repeated, and works
 * when its change was made half, or not at all.
 */
import { rewriteResolvConf, resolvedRuns } from '../dns/resolved-process.ts';
import { endSockets } from '../network/sockets.ts';
import { playBackOutside } from '../processes/outside.ts';
import type { System } from '../system/system.ts';
import type { NetworkEntry } from './entries.ts';
import { type LinuxJournal, undoBatch } from './linux-journal.ts';
import { playBackResolvConf } from './resolv-conf-playback.ts';

/** All entries, by their owner or by a later process. */
export async function playBack(system: System, journal: LinuxJournal): Promise<readonly string[]> {
  await playBackNetwork(system, journal);
  const notes = [...playBackResolvConf(system, journal), ...playBackOutside(system, journal)];
  // Last, since it may have to wait; and once the link is gone, of which resolved would write again.
  await playBackResolved(system, journal);
  return notes;
}

export async function playBackNetwork(system: System, journal: LinuxJournal): Promise<void> {
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

export async function playBackResolved(system: System, journal: LinuxJournal): Promise<void> {
  const { networkNamespace } = journal;
  // One that does not run writes its files when it is started.
  if (journal.resolved() && resolvedRuns(system, networkNamespace)) {
    const enter = enterNamespace(system, networkNamespace);
    if (enter) await rewriteResolvConf(system, enter);
  }
  journal.clearResolved();
}

/** The command in front of one that is to run there; undefined when the namespace has ended, and with it everything that was in it. */
export function enterNamespace(system: System, namespace: string): readonly [] | readonly [string, string] | undefined {
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
