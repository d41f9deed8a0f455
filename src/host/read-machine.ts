/** What may be known of the machine without a session, and without changing it. */
import type { MachineFacts, NetworkTargetFacts } from '../machine/facts.ts';
import { readFacts } from '../machine/linux/facts.ts';
import { Journal } from './journal/journal.ts';
import { thisMachine } from '../machine/linux/system/system.ts';
import { openTarget, readTarget } from '../machine/linux/target.ts';
import { invokingUser } from '../machine/linux/processes/user.ts';

/** No session: no interface of ours to leave out, no resolver of ours among the servers. */
const NO_TUN = '';

/** `reader`: program and arguments of `read-entry.ts`. */
export function readMachine(reader: readonly string[]) {
  const machine = thisMachine();
  const facts = (): Promise<MachineFacts> => readFacts(machine, new Journal(machine, 'default'), NO_TUN, []);
  return {
    facts,
    networkTarget: async (name: string): Promise<NetworkTargetFacts> => {
      // Without root's rights there are no others to take on.
      const user = await invokingUser(machine.run, machine.probes.uid() === 0 ? process.env : {});
      return readTarget(machine, await openTarget({ machine, user, reader }, name), await facts());
    },
  };
}
