/** What may be known of the machine without a session, and without changing it. */
import type { MachineFacts, NetworkTargetFacts } from '../machine/facts.ts';
import { readFacts } from '../machine/linux/facts.ts';
import { Journal } from './journal/journal.ts';
import { thisSystem } from '../machine/linux/system/system.ts';
import { openTarget, readTarget } from '../machine/linux/target.ts';
import { invokingUser } from '../machine/linux/processes/user.ts';

/** No session: no interface of ours to leave out, no resolver of ours among the servers. */
const NO_TUN = '';

/** `reader`: program and arguments of `read-entry.ts`. */
export function readMachine(reader: readonly string[]) {
  const system = thisSystem();
  const facts = (): Promise<MachineFacts> => readFacts(system, new Journal(system, 'default'), NO_TUN, []);
  return {
    facts,
    networkTarget: async (name: string): Promise<NetworkTargetFacts> => {
      // Without root's rights there are no others to take on.
      const user = await invokingUser(system.run, system.probes.uid() === 0 ? process.env : {});
      return readTarget(system, await openTarget({ system, user, reader }, name), await facts());
    },
  };
}
