import { Journal, sessionNames } from './journal/journal.ts';
import { type Machine, thisMachine } from './machine/machine.ts';

export interface SessionListing {
  readonly name: string;
  /** The host process; false `alive`: it was killed, and `restore` has work to do. */
  readonly pid: number | undefined;
  readonly alive: boolean;
}

/** Every session with a folder.  Other users' journals cannot be read without being root. */
export function listSessions(machine: Machine = thisMachine()): readonly SessionListing[] {
  return sessionNames(machine).map((name) => {
    const journal = new Journal(machine, name);
    return { name, pid: journal.owner()?.pid, alive: journal.alive() };
  });
}
