/** How agents come into being: in a pod, or in a network namespace of this machine. */
import type { Dial } from '../../connection/dial.ts';

/** A running agent, however it was started. */
export interface StartedAgent {
  readonly kind: string;
  readonly name: string;
  readonly node: string;
  readonly image: string;
  readonly dial: Dial;
  /** Resolves with the reason when it is known otherwise than by the tunnel that the agent goes; see ClusterAgent. */
  leaving?(signal: AbortSignal): Promise<string>;
  /** `isOver`: it has heard that its session is over, or is gone already. */
  stop(isOver: boolean): Promise<void>;
}

export interface AgentStarter {
  /** How long an agent waits for a client that was lost, ms; by default the tunnel's own limit. */
  readonly resumeLimitMs?: number;
  start(publicKey: string, report: (text: string) => void, signal: AbortSignal): Promise<StartedAgent>;
}
