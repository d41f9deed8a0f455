/**
 * What the session asks of Kubernetes; `openCluster` in open-cluster.ts gives one.
 *
 * The folder knows kubeconfigs, the API server, the agent's Job, port-forward and discovery; it must not know packets,
 * routes, the tunnel's protocol or the agent's code (which comes in as an `AgentProgram`).
 *
 * Why there is a small REST client of our own (api.ts) beside `@kubernetes/client-node`: whichever part of that package
 * is imported loads the generated models of the whole API, and a process that has done no more than read a kubeconfig
 * stands at 127 MB (bare Node: 44 MB), above what the session may hold when idle.  Its exec plugins also know neither
 * deadlines nor relative paths.  Its types are used everywhere; its code is loaded for what only it can do, the legacy
 * `auth-provider` logins (credentials/auth-provider.ts).
 */
import type { Dial } from '../connection/dial.ts';
import type { ExampleService } from './discovery/example-service.ts';
import type { Preflight } from './preflight.ts';
import type { TargetObjects } from './targets/objects.ts';
import type { ListedTarget, PodTarget, ResolvedTarget } from './targets/target.ts';

export interface ClusterOptions {
  /** Colon-separated list as in KUBECONFIG; unset means the environment's, then ~/.kube/config. */
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespace?: string;
  readonly acceptInvalidCertificates?: boolean;
  /** False: HTTPS_PROXY and its kin are not looked at (a kubeconfig's own `proxy-url` always is). */
  readonly useProxy?: boolean;
  /** Relative paths are taken from here. */
  readonly cwd: string;
  /** Told whom it connects to, which may take until the deadlines. */
  readonly report?: (text: string) => void;
  /** Ends the opening; without effect on the open cluster. */
  readonly signal?: AbortSignal;
}

/** `agent.*` of the configuration; see config.md's table. */
export interface AgentOptions {
  readonly image: string;
  readonly imagePullPolicy: 'Always' | 'IfNotPresent' | 'Never';
  readonly imagePullSecrets: readonly string[];
  readonly namespace?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly tolerations: readonly unknown[];
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly resources?: unknown;
  readonly serviceAccount?: string;
  readonly priorityClass?: string;
  readonly ttlSeconds: number;
  readonly startupTimeoutMs: number;
  readonly securityContext?: unknown;
  readonly logLevel: string;
}

/**
 * What runs in the agent's container, and how it is spoken to.  It must print a JSON line
 * `{"event":"listening","port":N,"node":"v24.1.0"}` once it accepts on loopback.
 */
export interface AgentProgram {
  command(publicKey: string, logLevel: string): readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Why it cannot run on that version of Node, in plain words; null when it can. */
  readonly refuses: (node: string) => string | null;
  /** Makes of a dial to its port one that ends with an agent that runs. */
  delivering(dial: Dial): Dial;
}

/** Which of the target's traffic an agent is for. */
export type AgentRole = 'outgoing' | 'incoming';

export interface AgentRequest {
  readonly role: AgentRole;
  readonly options: AgentOptions;
  readonly program: AgentProgram;
  readonly publicKey: string;
  /** The session's name, for labels. */
  readonly session: string;
  readonly remains: Remains;
}

/** Told what would stay in the cluster if the session ended just now: from before it is made until it is gone. */
export interface Remains {
  /** `what`: a subject, in plain words.  `why`: for what reason it could not be removed. */
  add(what: string, why?: string): void;
  remove(what: string): void;
}

export interface Cluster {
  readonly context: string;
  readonly server: string;
  readonly version: string;
  readonly namespace: string;
  /** What is worth a line of warning: certificates not verified, no credentials, ... */
  readonly warnings: readonly string[];
  /** Questions that change nothing. */
  readonly preflight: Preflight;
  /** Addresses of the API server (and of a proxy in front of it) that must never enter the TUN. */
  serverAddresses(): readonly string[];
  /** Its names, likewise: the machine's own servers answer for them, whatever else the cluster does. */
  serverNames(): readonly string[];
  /** A credential plugin, or a login server, is being asked who we are. */
  readonly isLoggingIn: boolean;
  /**
   * Set by the session: called, and awaited, before a connection to addresses that were not in the list before (the
   * name moved), so that they can be pinned first.
   */
  onServerAddresses: ((addresses: readonly string[]) => Promise<void>) | null;
  /** Creates the agent and waits until it listens.  On failure and on abort nothing of it is left in the cluster. */
  startAgent(request: AgentRequest, report: (text: string) => void, signal: AbortSignal): Promise<ClusterAgent>;
  /** The same as an ephemeral container of `target`'s pod.  Such a container cannot be removed: it ends by itself. */
  startTargetAgent(
    target: ResolvedTarget,
    request: AgentRequest,
    report: (text: string) => void,
    signal: AbortSignal,
  ): Promise<ClusterAgent>;
  /** Deletes the Jobs of this user's agents, running or not; resolves to `NAMESPACE/job/NAME` of each. */
  removeLeftovers(signal: AbortSignal): Promise<readonly string[]>;
  /**
   * One ready pod of a target in this cluster's namespace, waited for at most `timeoutMs`; null: for ever, also while the
   * target itself is not there.
   */
  resolveTarget(
    target: PodTarget,
    timeoutMs: number | null,
    report: (text: string) => void,
    signal: AbortSignal,
  ): Promise<ResolvedTarget>;
  /** The target's pod and what it refers to; see `resolveDeclaredEnvironment`. */
  targetObjects(target: ResolvedTarget, signal: AbortSignal): Promise<TargetObjects>;
  /**
   * What can be a target now, with readiness; `namespace` null means all of them.  Kinds that may not be listed are left
   * out and told to `denied`.
   */
  listTargets(
    namespace: string | null,
    kinds: readonly ListedTarget['kind'][],
    signal: AbortSignal,
    denied?: (kind: ListedTarget['kind']) => void,
  ): Promise<readonly ListedTarget[]>;
  /** A service of the namespace to try; null where there is none, and where they may not be listed. */
  exampleService(signal: AbortSignal): Promise<ExampleService | null>;
  /** `agentServiceHost`: KUBERNETES_SERVICE_HOST as the agent sees it, which may take until there is one. */
  discover(agentServiceHost: string | null | Promise<string | null>, signal: AbortSignal): Promise<Discovery>;
  /** Calls back whenever ranges or namespaces change, until the signal aborts. */
  watch(current: Discovery, changed: (next: Discovery) => void, signal: AbortSignal): void;
  close(): void;
}

export interface ClusterAgent {
  /** `job` or `ephemeral`. */
  readonly kind: string;
  /** `job/mirrord-agent-x7k2` or `pod/payments-6c9f`. */
  readonly name: string;
  readonly pod: string;
  readonly node: string;
  readonly image: string;
  readonly dial: Dial;
  /**
   * Resolves with the reason, in plain words, as soon as the cluster says that the agent goes or has gone: its pod is
   * being deleted, has ended, its container has ended.  Rejects when the signal aborts, and when pods may not be read.
   */
  leaving(signal: AbortSignal): Promise<string>;
  /**
   * Deletes what was created; bounded in time, never throws.  `isOver`: the agent has heard that its session is over, or is
   * gone already.
   */
  stop(isOver: boolean): Promise<void>;
}

export type { ExampleService };

export interface Discovery {
  /** Service and pod ranges, merged, both families. */
  readonly ranges: readonly string[];
  /** Names of namespaces that may be the last label of `svc.ns`. */
  readonly namespaces: readonly string[];
  /** Whether `namespaces` are all there are; otherwise others may turn out to exist. */
  readonly allNamespaces: boolean;
  /** The cluster's DNS domain in the API server's own words; empty where it does not say, null where there is no API server. */
  readonly domains: readonly string[] | null;
  /** Plain words: which source gave what, and what could not be read. */
  readonly notes: readonly string[];
}
