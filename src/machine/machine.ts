/**
 * A machine as the supervisor (`src/host`) knows it: what is done to it and asked of it, and no word about how.
 *
 * Behind it lies whatever differs between operating systems, and between the real root and the root of a namespace, whose
 * changes go with it and need neither journal nor guard.
 */
import type { MachineFacts, NetworkTargetFacts } from './facts.ts';
import type { Files } from './files.ts';
import type { Journal } from './journal.ts';
import type { Probes } from './probes.ts';
import type { Processes } from './processes.ts';
import type { Restorer } from './restorer.ts';
import type { SessionMachine, SessionSetup } from './session-machine.ts';

export interface OpenTun {
  /** The caller's to close. */
  readonly fd: number;
  readonly name: string;
}

export interface Machine {
  readonly files: Files;
  readonly probes: Probes;
  readonly processes: Processes;
  readonly restorer: Restorer;
  /** Without a session: what the journal's session has changed is told as it was before. */
  facts(journal: Journal): Promise<MachineFacts>;
  /** The network of a `netns/` or `process/` target; `reader`: as for a session. */
  targetFacts(target: string, journal: Journal, reader: readonly string[]): Promise<NetworkTargetFacts>;
  /** Throws with the likely cause and its mend. */
  openTun(): OpenTun;
  /** Nothing of network or names is changed yet. */
  open(setup: SessionSetup): SessionMachine;
}
