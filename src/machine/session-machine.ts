import type { MirrordError } from '../errors.ts';
import type { DnsInForce, DnsState } from './dns-state.ts';
import type { MachineFacts, NetworkTargetFacts } from './facts.ts';
import type { ProgramSearch } from '../names/program-search.ts';
import type { Journal } from './journal.ts';
import type { BoundFlow, NamedState, NetworkState, RouteQuestion } from './network-state.ts';
import type { User } from './user.ts';

/** What a session is to the machine. */
export interface SessionSetup {
  readonly journal: Journal;
  /** Name of its interface. */
  readonly tun: string;
  /** Whom it runs as. */
  readonly user: User;
  readonly environment: NodeJS.ProcessEnv;
  /** Program and arguments that read files for the root part with the user's rights (`linux/processes/read-entry.ts`). */
  readonly reader: readonly string[];
  /** Something that the session stands on has gone. */
  readonly lost: (error: MirrordError) => void;
}

/** Addresses, routes and rules.  One change at a time; questions at any. */
export interface Routes {
  /** Starts what the first change needs, which is then the quicker. */
  prepare(): void;
  /**
   * Claims ranges; throws where another session has some.  Whether there is no other session in this network.  No other
   * process may do so meanwhile.
   */
  reserve(ranges: readonly string[]): boolean;
  /** Resolves to plain-word warnings (overlaps with other interfaces' routes, and the like). */
  apply(state: NetworkState): Promise<readonly string[]>;
  /** What names add, after `apply`: fast, since a program waits for its answer meanwhile. */
  applyNames(state: NamedState): Promise<void>;
  /** The last state again, since the machine has changed around it.  Resolves to the machine as it is now. */
  reapply(): Promise<MachineFacts>;
  /** The interface by which the kernel would send to this destination just now; null when by none. */
  deviceFor(question: RouteQuestion): Promise<string | null>;
  /** The flows to end when the session is killed, beside those with the TUN's address; all of them, each time. */
  bound(flows: readonly BoundFlow[]): void;
}

/** How programs find names.  One change at a time. */
export interface Names {
  apply(state: DnsState): Promise<DnsInForce>;
  /** How programs look for a name just now. */
  search(): ProgramSearch;
  /** Whether what was applied last is still there, and would be chosen again. */
  holds(): Promise<boolean>;
}

/** An agent on this machine. */
export interface Agent {
  readonly ended: boolean;
  stop(): void;
}

/** The agent's side, where the target is on this machine. */
export interface TargetNetwork {
  readonly facts: NetworkTargetFacts;
  /** Resolves when the agent listens on the socket.  One for incoming traffic may change the target's network. */
  startAgent(options: AgentOptions): Promise<Agent>;
}

/** Which of the target's traffic an agent is for. */
export type AgentRole = 'outgoing' | 'incoming';

export interface AgentOptions {
  readonly role: AgentRole;
  /** Path of its program, one file. */
  readonly bundle: string;
  readonly publicKey: string;
  readonly socketPath: string;
  /** What it writes after it has started. */
  readonly output: (text: string) => void;
  /** Nothing waits for it any more: one that does not listen yet is ended. */
  readonly signal: AbortSignal;
}

/** Tells of changes that others make to the machine's network. */
export interface Watch {
  /** Resolves when nothing of it is left. */
  close(): Promise<void>;
}

/** The machine as one session changes it: desired state, taken back as a whole. */
export interface SessionMachine {
  readonly routes: Routes;
  readonly names: Names;
  facts(): Promise<MachineFacts>;
  /** Lets those in who come by this machine, as the routes last said who they are.  In turn with names; never rejects. */
  admit(): Promise<void>;
  /** Packets of other machines that were kept out so far; null when they are not counted here. */
  strangers(): Promise<number | null>;
  /** A network namespace, or a process's, by the name that people give it. */
  openTarget(target: string): Promise<TargetNetwork>;
  watch(changed: () => void): Watch;
  /** The process, before its first socket: what it dials and starts keeps the machine's own path. */
  keepOutside(pid: number): void;
  /**
   * Routes and names, back as they were; nothing may be asked of either after it.  Resolves to what could not be made as
   * it was, in plain words; rejects when a change had to stay.
   */
  takeBack(): Promise<readonly string[]>;
  /** What could not go before the session's processes had ended.  What had to stay, in plain words. */
  close(): readonly string[];
}
