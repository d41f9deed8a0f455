/**
 * What the session asks of Kubernetes.  The only folder that knows `@kubernetes/client-node`; it is imported lazily,
 * since a `netns/` session has no need of it.
 */
import type { Dial } from '../tunnel/tunnel.ts';

export interface ClusterOptions {
  /** Colon-separated list as in KUBECONFIG; unset means the environment's, then ~/.kube/config. */
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespace?: string;
  readonly acceptInvalidCertificates?: boolean;
  readonly useProxy?: boolean;
  /** Relative paths are taken from here. */
  readonly cwd: string;
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

export interface Cluster {
  readonly context: string;
  readonly server: string;
  readonly version: string;
  readonly namespace: string;
  /** Addresses of the API server (and of a proxy in front of it) that must never enter the TUN. */
  serverAddresses(): Promise<readonly string[]>;
  /** Creates the agent and waits until it listens.  On failure and on abort nothing of it is left in the cluster. */
  startAgent(
    options: AgentOptions,
    publicKey: string,
    report: (text: string) => void,
    signal: AbortSignal,
  ): Promise<ClusterAgent>;
  discover(agentServiceHost: string | null, signal: AbortSignal): Promise<Discovery>;
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
  /** Deletes what was created; bounded in time, never throws. */
  stop(): Promise<void>;
}

export interface Discovery {
  /** Service and pod ranges, merged, both families. */
  readonly ranges: readonly string[];
  /** Names of namespaces that may be the last label of `svc.ns`. */
  readonly namespaces: readonly string[];
  /** Plain words: which source gave what, and what could not be read. */
  readonly notes: readonly string[];
}
