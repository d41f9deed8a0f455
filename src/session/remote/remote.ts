/**
 * Where a session's traffic goes: a Kubernetes cluster, or a network namespace of this machine.
 *
 * The rest of the session sees only this interface; what starts the agent and what tells its ranges is behind it.
 */
import type { SessionStatus } from '../../control/answers.ts';
import type { DeclaredEnvironment } from '../../environment/index.ts';
import type { Progress } from '../../ipc/protocol.ts';
import type { Discovery, ExampleService } from '../../kube/cluster.ts';
import type { TargetContainer } from '../../peer/environment.ts';
import type { AgentInfo } from '../../peer/agent-info.ts';
import type { AgentStarter } from '../agents/starter.ts';

/** A step towards the remote, or a warning about it, for people. */
export type RemoteReport = (step: Progress['step'], state: Progress['state'], text: string) => void;

export interface DeclaredTarget {
  readonly environment: DeclaredEnvironment;
  readonly container: TargetContainer;
}

export interface Remote {
  readonly target: string;
  /** Null where no Kubernetes is involved. */
  readonly cluster: SessionStatus['cluster'];
  /** `port-forward` or `unix-socket`. */
  readonly transport: string;
  readonly warnings: readonly string[];
  readonly agents: AgentStarter;
  /** For the target's incoming traffic. */
  readonly incomingAgents: AgentStarter;
  /** Addresses that must keep their path whatever is routed: the transport's own. */
  ownAddresses(): readonly string[];
  /** Names of the same: the cluster is never asked for them, since that may be what waits for their answer. */
  ownNames(): readonly string[];
  /** A credential plugin, or a login server, is being asked who we are. */
  isLoggingIn(): boolean;
  /** `changed` is awaited before the transport connects to addresses that were not among `ownAddresses` before. */
  onOwnAddresses(changed: (addresses: readonly string[]) => Promise<void>): void;
  /** Looks around while the agent is still being started; `info` is what it will say. */
  discover(info: Promise<Pick<AgentInfo, 'serviceHost'>>, signal: AbortSignal): Promise<Discovery>;
  /** The target's container as it is declared now; null without a target that could. */
  declaredTarget(signal: AbortSignal): Promise<DeclaredTarget | null>;
  /** A service to try; null where none is known. */
  exampleService(signal: AbortSignal): Promise<ExampleService | null>;
  /** TCP ports that the target declares, once its first agent runs; null where it could not declare any. */
  declaredPorts(): readonly number[] | null;
  /** Calls back when ranges or namespaces change, until the signal aborts. */
  watch(current: Discovery, changed: (next: Discovery) => void, signal: AbortSignal): void;
  close(): void;
}
