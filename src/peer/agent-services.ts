/** All that a client may open at the agent, by kind. */
import { answerEnvironment, answerInfo, answerNames, answerProbe } from './question.ts';
import { KIND } from './opening.ts';
import type { Services } from './peer.ts';
import type { TunnelService } from './service.ts';
import { serveTcp } from './tcp.ts';
import { serveUdp } from './udp.ts';

/** Tells sessions apart. */
let sessions = 0;

/** For each session. */
export function agentServices(service: TunnelService): () => Services {
  return () => ({
    [KIND.tcp]: serveTcp((flow) => service.tcp(flow)),
    [KIND.udp]: serveUdp(sessions++, (flow) => service.udp(flow)),
    [KIND.resolve]: answerNames((message, signal) => service.resolve(message, signal)),
    [KIND.probe]: answerProbe((host, signal) => service.probe(host, signal)),
    [KIND.info]: answerInfo(() => service.info()),
    [KIND.environment]: answerEnvironment((container) => service.environment(container)),
  });
}
