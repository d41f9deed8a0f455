/** The tunnel's service as the agent offers it: real sockets, within a limit of flows. */
import type { TunnelService } from '../peer/service.ts';
import { dialTcp } from '../relay/dial-tcp.ts';
import { relayDns } from './dns-relay.ts';
import { agentInfo } from './info.ts';
import { FLOW_LIMIT } from './limits.ts';
import { readNameServers } from './name-servers.ts';
import { Places } from './places.ts';
import { probeHost } from './probe.ts';
import type { AgentSettings } from './settings.ts';
import { targetEnvironment } from './target-process.ts';
import { UdpSockets } from './udp.ts';

export function createService({ resolvConf, hosts }: Pick<AgentSettings, 'resolvConf' | 'hosts'>): TunnelService {
  const nameServers = readNameServers(resolvConf);
  const places = new Places(FLOW_LIMIT);
  const sockets = new UdpSockets(places);
  return {
    tcp: (flow) => (places.take() ? dialTcp(flow, () => places.leave()) : flow.refuse('EADDRNOTAVAIL')),
    udp: (flow) => sockets.dial(flow),
    resolve: (message, signal) => relayDns(message, nameServers, signal),
    probe: probeHost,
    info: () => agentInfo(resolvConf, hosts),
    environment: targetEnvironment,
  };
}
