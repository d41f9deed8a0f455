/**
 * The boundary between the root "host" process and the unprivileged "session" process: every message that may cross.
 *
 * The session asks; the host validates every argument (`src/host/requests.ts`) and answers.  The list is closed and
 * short on purpose: a session that has been taken over can do no more to the machine than what stands here.
 */
import type { ConfigFlags } from '../config/flags.ts';
import type { ErrorDescription } from '../errors.ts';
import type { AskedNames, DnsInForce, DnsModeChoice, DnsState } from '../machine/dns-state.ts';
import type { MachineFacts, NetworkTargetFacts } from '../machine/facts.ts';
import type { ProgramSearch } from '../names/program-search.ts';
import type { BoundFlow, NamedState, NetworkState, RouteQuestion } from '../machine/network-state.ts';

/** Everything that `up` was told, as strings; the session reads files and the cluster as the invoking user. */
export interface UpOptions extends ConfigFlags {
  readonly name: string;
  readonly includeRoutes: readonly string[];
  readonly excludeRoutes: readonly string[];
  readonly domains: readonly string[];
  readonly dns: DnsModeChoice;
  readonly verbose: boolean;
  readonly overrides: Readonly<Record<string, boolean | string>>;
}

/** What the session may ask of the host. */
export interface HostOperations {
  facts(): Promise<MachineFacts>;
  /** Once, and before the session has spoken to anyone who could have it say more; without it nothing was asked for. */
  asked(names: AskedNames): Promise<void>;
  /** Once, at the start: the target when it is a namespace or process of this machine, else null.  It stays the target. */
  target(target: string | null): Promise<NetworkTargetFacts | null>;
  /** Starts the agent in the target's namespace as the invoking user; resolves when it listens on `socketPath`. */
  startAgent(publicKey: string, socketPath: string): Promise<void>;
  /** The same for the agent of incoming traffic, which may change the target's network. */
  startIncomingAgent(publicKey: string, socketPath: string): Promise<void>;
  /**
   * Claims ranges before anything is started for them; throws where another session has some.  Resolves to whether there
   * is no other one in this network, who could.
   */
  reserve(ranges: readonly string[]): Promise<boolean>;
  /** Resolves to plain-word warnings (overlaps with other interfaces' routes, and the like). */
  network(state: NetworkState): Promise<readonly string[]>;
  /** Fast, since a program waits for its answer meanwhile. */
  named(state: NamedState): Promise<void>;
  /** The interface by which the kernel would send to this destination just now; null when by none. */
  route(destination: RouteQuestion): Promise<string | null>;
  /** How programs look for a name just now. */
  programSearch(): Promise<ProgramSearch>;
  /** The flows to end when the session is killed, beside those with the TUN's address; all of them, each time. */
  bound(flows: readonly BoundFlow[]): Promise<void>;
  /** Packets of other machines that were kept out so far; null when they are not counted here. */
  strangers(): Promise<number | null>;
  dns(state: DnsState): Promise<DnsInForce>;
}

export interface TunFacts {
  readonly name: string;
  /** Descriptor number in the session process. */
  readonly fd: number;
}

export interface StartMessage {
  readonly type: 'start';
  readonly options: UpOptions;
  readonly tun: TunFacts;
  /** Folder for the control socket and the agent's socket; owned by the session's user, mode 0700. */
  readonly folder: string;
  /** The user's working directory. */
  readonly cwd: string;
  /** Path of the agent's program, one file. */
  readonly agentBundle: string;
  /** Beyond what the process was started with: what sudo had dropped.  It must touch no program of root's. */
  readonly environment: Readonly<Record<string, string>>;
}

export type HostToSession =
  | StartMessage
  | { readonly type: 'reply'; readonly id: number; readonly value: unknown }
  | { readonly type: 'refusal'; readonly id: number; readonly error: ErrorDescription }
  /** The machine's own network changed (default route, addresses, name servers). */
  | { readonly type: 'changed'; readonly facts: MachineFacts }
  /** The end begins, and routes still lead to the TUN: reset every flow, refuse new ones, and answer `released`. */
  | { readonly type: 'release' }
  /** End in order: the routes are gone by now; delete what the cluster holds and exit. */
  | { readonly type: 'stop' };

export type SessionToHost =
  | {
      readonly type: 'request';
      readonly id: number;
      readonly op: keyof HostOperations;
      readonly args: readonly unknown[];
    }
  | { readonly type: 'progress'; readonly progress: Progress }
  | { readonly type: 'ready'; readonly ready: Ready }
  /** Of a session that is up. */
  | { readonly type: 'path'; readonly change: PathChange }
  | { readonly type: 'failed'; readonly error: ErrorDescription }
  /** The answer to `release`. */
  | { readonly type: 'released' }
  /** What the cluster would keep of the session if it ended just now; whole, each time. */
  | { readonly type: 'remains'; readonly remains: readonly Remain[] }
  /** A signal came to the session itself. */
  | { readonly type: 'interrupted' }
  /** `mirrord down` came by the control socket. */
  | { readonly type: 'down' };

/** Something in the cluster that the session has to remove. */
export interface Remain {
  /** In plain words: `The agent's Job default/mirrord-agent-x`. */
  readonly what: string;
  /** The reason why it could not be removed; null until it is tried. */
  readonly why: string | null;
  /** Without the session it ends by itself in this time. */
  readonly withinMs: number;
}

/** What is worth knowing of a session that is up. */
export interface Ready {
  /** The target on this machine; null in a cluster. */
  readonly place: string | null;
  /** One that is there, and that this machine's programs reach by `name`. */
  readonly service: { readonly name: string; readonly port: number; readonly isWeb: boolean } | null;
  /** Path of the log; null when it cannot be written. */
  readonly log: string | null;
}

/** The way to the agent is lost, or there again. */
export type PathChange =
  /** `keptMs`: how long open connections wait for it; null: they were reset. */
  | { readonly state: 'lost'; readonly reason: string; readonly keptMs: number | null }
  | {
      readonly state: 'back';
      readonly afterMs: number;
      /** What has become of those that were open. */
      readonly connections: 'kept' | 'reset';
      readonly agent: string;
    };

/** One step of a long work, for people.  The same `step` is reported again as it moves on. */
export interface Progress {
  readonly step:
    'cluster' | 'target' | 'agent' | 'routes' | 'others' | 'filter' | 'dns' | 'incoming' | 'repair' | 'config';
  readonly state: 'running' | 'done' | 'warning';
  readonly text: string;
}
