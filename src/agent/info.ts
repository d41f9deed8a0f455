/** What the agent sees around itself. */
import { hostname, networkInterfaces } from 'node:os';
import type { AgentInfo } from '../peer/agent-info.ts';

/** Set by the bundler. */
declare const MIRRORD_VERSION: string;

export function agentInfo(resolvConf: string, hosts: string): AgentInfo {
  const addresses: string[] = [];
  let ipv6 = false;
  for (const list of Object.values(networkInterfaces())) {
    for (const { internal, cidr, family, address } of list ?? []) {
      if (internal || cidr === null) continue;
      addresses.push(cidr);
      if (family === 'IPv6' && !address.startsWith('fe80:')) ipv6 = true;
    }
  }
  return {
    version: typeof MIRRORD_VERSION === 'string' ? MIRRORD_VERSION : 'source',
    node: process.version,
    hostname: hostname(),
    addresses,
    resolvConf,
    hosts,
    serviceHost: process.env['KUBERNETES_SERVICE_HOST'] ?? null,
    ipv6,
  };
}
