/** What a session answers on its control socket, by method: `status`, `ping`, `env`, ... */

export interface SessionStatus {
  readonly name: string;
  readonly state: 'starting' | 'ready' | 'reconnecting' | 'stopping';
  /**
   * Why the agent cannot be reached, as of the last attempt, since when and when it is tried again (ISO 8601, null: just
   * now); null when it can be reached.
   */
  readonly reconnecting: { readonly reason: string; readonly since: string; readonly next_try: string | null } | null;
  readonly pid: number;
  readonly target: string;
  readonly cluster: {
    readonly context: string;
    readonly server: string;
    readonly version: string;
    readonly namespace: string;
  } | null;
  readonly agent: {
    readonly kind: string;
    readonly name: string;
    readonly node: string;
    readonly image: string;
  } | null;
  readonly tun: { readonly name: string; readonly addresses: readonly string[]; readonly mtu: number };
  readonly routes: readonly string[];
  readonly dns: {
    readonly mode: string;
    /** Why in this way, in plain words. */
    readonly reason: string;
    readonly server: string;
    readonly domains: readonly string[];
    readonly search: readonly string[];
    /** Names that the target pod's hosts file answers, and those that it has and that stay this machine's. */
    readonly podHosts: readonly string[];
    readonly withheldPodHosts: readonly string[];
  };
  readonly forwarded: {
    /** Who comes in by this machine, in one line. */
    readonly text: string;
    /** Packets of other machines that were kept out; null where they are not counted. */
    readonly dropped: number | null;
  };
  /** The target's ports that come here; empty where none was asked for. */
  readonly incoming: readonly IncomingPort[];
  readonly flows: { readonly tcp: number; readonly udp: number };
  readonly bytes: { readonly up: number; readonly down: number };
  readonly transport: { readonly kind: string; readonly rtt_ms: number | null; readonly resumes: number };
  /** The outgoing filter in plain words, a line per rule. */
  readonly filter: readonly string[];
  /** What has matched so far, the most used first. */
  readonly matches: readonly RuleMatch[];
  readonly warnings: readonly string[];
  /** Path of the log; null when it cannot be written. */
  readonly log: string | null;
}

export interface IncomingPort {
  /** The target's. */
  readonly remote: number;
  /** This machine's. */
  readonly local: number;
  /** Whether anybody listens here; otherwise the port stays with the target. */
  readonly listens: boolean;
  /** The program that does; null if there is none, or if it is another user's. */
  readonly program: { readonly name: string; readonly pid: number } | null;
  /** Which requests come, a clause behind "requests"; null: whole connections. */
  readonly filter: string | null;
  /** Connections (with a filter: requests) that came here, and those that were handed on to the target. */
  readonly taken: number;
  readonly passed: number;
}

/** How often a rule, or one of the cluster's ranges, has decided. */
export interface RuleMatch {
  readonly side: 'local' | 'cluster';
  /** Dotted key with the place in its list; null for a range of the cluster's. */
  readonly rule: string | null;
  /** The entry as the user wrote it, or the range. */
  readonly value: string;
  /** TCP connections and UDP exchanges that it led into the tunnel; what stays on the machine is not seen. */
  readonly flows: number;
  /** DNS questions. */
  readonly questions: number;
}

/** The answer to `env`.  Its values are secrets: for standard output and the environment of programs, nothing else. */
export interface SessionEnvironment {
  /** The target's environment after `feature.env`. */
  readonly environment: Readonly<Record<string, string>>;
  /** Names that a program started with it must not have, whatever set them; case does not count. */
  readonly unset?: readonly string[];
  /** What could not be read, by name. */
  readonly warnings?: readonly string[];
}

/** The answer to `settings`.  Of `configuration` the same holds: it may have values for the environment of programs. */
export interface SessionSettings {
  readonly target: string;
  /** Null for a target on this machine. */
  readonly cluster: { readonly context: string; readonly server: string; readonly namespace: string } | null;
  /** As it was asked for, and not what was found. */
  readonly dns: string;
  /** The key in `configuration`, where none was given. */
  readonly madeUpKey: string | null;
  /** All keys with their defaults. */
  readonly configuration: Readonly<Record<string, unknown>>;
}

/** The answer to `ping`: to the agent and back. */
export interface RoundTrip {
  readonly rtt_ms: number;
}
