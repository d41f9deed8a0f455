/** Sessions that have died: what they have left behind is taken back, and their journals are removed. */
import { describeError } from '../../errors.ts';
import type { Machine } from '../../machine/machine.ts';
import { thisMachine } from '../../machine/this-machine.ts';
import { withLock } from './lock.ts';
import { SessionJournal, allJournals } from './session-journal.ts';

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
  machine: Machine = thisMachine(),
  networkNamespace?: string,
): Promise<Restored> {
  return withLock(machine, async () => {
    const restored = await restoreLocked(machine, new SessionJournal(machine, name, networkNamespace));
    return restored.outcome === 'absent' ? (restoreLost(machine) ?? restored) : restored;
  });
}

/**
 * Every session of this network namespace that has died, and those of namespaces that have ended, of which no other process
 * would take care; to be called under the lock.
 */
export async function restoreAllLocked(machine: Machine): Promise<readonly Restored[]> {
  const here = machine.probes.networkNamespace('self');
  const results: Restored[] = [];
  for (const journal of allJournals(machine)) {
    const { networkNamespace } = journal;
    if (networkNamespace === here || !machine.restorer.isThere(networkNamespace)) {
      results.push(await restoreLocked(machine, journal));
    }
  }
  const lost = restoreLost(machine);
  return [...results.filter(({ outcome }) => outcome === 'restored'), ...(lost === undefined ? [] : [lost])];
}

function restoreLost(machine: Machine): Restored | undefined {
  const lost = machine.restorer.restoreLost(allJournals(machine));
  return lost && { ...lost, outcome: 'restored' };
}

async function restoreLocked(machine: Machine, journal: SessionJournal): Promise<Restored> {
  const { name } = journal;
  if (machine.files.kind(journal.folder) === undefined) return { name, outcome: 'absent', notes: [] };
  if (journal.alive()) return { name, outcome: 'alive', notes: [] };
  const notes = await machine.restorer.restore(journal);
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
