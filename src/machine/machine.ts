/**
 * A machine as the supervisor (`src/host`) knows it: what is done to it and asked of it, and no word about how.
 *
 * Behind it lies whatever differs between operating systems, and between the real root and the root of a namespace, whose
 * changes go with it and need neither journal nor guard.
 */
import type { MirrordError } from '../errors.ts';
import type { MachineFacts, NetworkTargetFacts } from './facts.ts';
import type { Files } from './files.ts';
import type { Journal } from './journal.ts';
import type { SessionMachine, SessionSetup } from './session-machine.ts';
import type { User } from './user.ts';

/** What tells processes and networks of a machine apart. */
export interface Probes {
  /** Effective user id of this process. */
  uid(): number;
  /** Identity of a process beyond its number: its start time in clock ticks; undefined when there is none. */
  processStart(pid: number): string | undefined;
  /**
   * Identity of a process's network namespace: `net:[4026531840]`; undefined when there is no such process, or one that even
   * this root may not look at (another user namespace's, in a container).
   */
  networkNamespace(pid: number | 'self'): string | undefined;
}

/** Programs of the invoking user, started by a process that may do more. */
export interface Processes {
  /** By what sudo and its kin have put into the environment; root, when it is really root who called. */
  invokingUser(environment: NodeJS.ProcessEnv): Promise<User>;
  /** The command in front of a program that is to run as the user, with all of the user's rights and no other. */
  asUser(user: User): readonly string[];
  /** What sudo has taken out of `environment`, for programs of the user's alone. */
  takenEnvironment(user: User, environment: NodeJS.ProcessEnv): Readonly<Record<string, string>>;
  /** Why a program could not be started as the user, where the reason is that it cannot be read. */
  unreadable(user: User, command: readonly string[]): Promise<MirrordError | undefined>;
}

/** What has outlived its journal, and is as before again. */
export interface Lost {
  /** The session's that had changed it. */
  readonly name: string;
  /** What could not be made as it was before, in plain words. */
  readonly notes: readonly string[];
}

/** Takes back what a session that has died had changed; harmless at any time, and may be repeated. */
export interface Restorer {
  /** All that the journal says.  Resolves to what could not be made as it was before, in plain words. */
  restore(journal: Journal): Promise<readonly string[]>;
  /** Whether nothing is left to restore. */
  isDone(journal: Journal): boolean;
  /** What the journal says goes back in its network alone; with one that has ended, all in it has ended. */
  isThere(networkNamespace: string): boolean;
  /** Changes whose journal is gone, as after a power failure; undefined: none.  `journals`: of all sessions. */
  restoreLost(journals: readonly Journal[]): Lost | undefined;
  /** A command that takes back at once what must not wait for a Node to start, and then becomes the command behind it. */
  atOnce(journal: Journal): readonly string[];
}

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
