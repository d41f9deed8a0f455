/** The tunnel's service as the agent offers it: real sockets, within a limit of flows. */
import type { IncomingDatagrams, IncomingStream, TunnelService } from '../tunnel/service.ts';
import { relayDns } from './dns-relay.ts';
import { agentInfo } from './info.ts';
import { FLOW_LIMIT } from './limits.ts';
import { readNameServers } from './name-servers.ts';
import { probeHost } from './probe.ts';
import type { AgentSettings } from './settings.ts';
import { targetEnvironment } from './target-process.ts';
import { dialTcp } from './tcp.ts';
import { dialUdp } from './udp.ts';

export function createService({ resolvConf, hosts }: Pick<AgentSettings, 'resolvConf' | 'hosts'>): TunnelService {
  const nameServers = readNameServers(resolvConf);
  let flows = 0;
  const over = (): void => {
    flows--;
  };
  const limited = <F extends IncomingStream | IncomingDatagrams>(
    flow: F,
    dial: (flow: F, over: () => void) => void,
  ): void => {
    if (flows >= FLOW_LIMIT) return flow.refuse('EADDRNOTAVAIL');
    flows++;
    dial(flow, over);
  };
  return {
    tcp: (flow) => limited(flow, dialTcp),
    udp: (flow) => limited(flow, dialUdp),
    resolve: (message, signal) => relayDns(message, nameServers, signal),
    probe: probeHost,
    info: () => agentInfo(resolvConf, hosts),
    environment: targetEnvironment,
  };
}
