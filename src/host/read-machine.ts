/** What may be known of the machine without a session, and without changing it. */
import type { MachineFacts, NetworkTargetFacts } from '../machine/facts.ts';
import { thisMachine } from '../machine/this-machine.ts';
import { SessionJournal } from './journal/session-journal.ts';

/** `reader`: program and arguments of `read-entry.ts`. */
export function readMachine(reader: readonly string[]) {
  const machine = thisMachine();
  const journal = new SessionJournal(machine, 'default');
  return {
    facts: (): Promise<MachineFacts> => machine.facts(journal),
    networkTarget: (name: string): Promise<NetworkTargetFacts> => machine.targetFacts(name, journal, reader),
  };
}
