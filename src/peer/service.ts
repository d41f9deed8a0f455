/** What the agent does for a client: agent-services.ts calls it, src/agent implements it. */
import type { DialOutcome } from '../mux/flow.ts';
import type { AgentInfo } from './agent-info.ts';
import type { ProcessEnvironment, TargetContainer } from './environment.ts';
import type { WantedStream } from './tcp.ts';
import type { WantedDatagrams } from './udp.ts';

export interface TunnelService {
  tcp(flow: WantedStream): void;
  udp(flow: WantedDatagrams): void;
  /** One DNS message for the pod's name servers; rejects with an errno'd error when none answered. */
  resolve(message: Uint8Array, signal: AbortSignal): Promise<Uint8Array>;
  probe(host: string, signal: AbortSignal): Promise<DialOutcome>;
  info(): AgentInfo;
  /** Of the container's own process. */
  environment(container: TargetContainer): Promise<ProcessEnvironment>;
}
