/** What may be known of the machine without a session, and without changing it. */
import type { MachineFacts, NetworkTargetFacts } from '../ipc/protocol.ts';
import { readFacts } from './facts.ts';
import { Journal } from './journal/journal.ts';
import { thisMachine } from './machine/machine.ts';
import { readTarget } from './target.ts';

/** No session: no interface of ours to leave out, no resolver of ours among the servers. */
const NO_TUN = '';

export function readMachine() {
  const machine = thisMachine();
  const facts = (): Promise<MachineFacts> => readFacts(machine, new Journal(machine, 'default'), NO_TUN, []);
  return {
    facts,
    networkTarget: async (target: string): Promise<NetworkTargetFacts> => readTarget(machine, target, facts()),
  };
}
