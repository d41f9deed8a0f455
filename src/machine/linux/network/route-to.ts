/** Asks the kernel which way a destination goes: rules, ports and all. */
import type { RouteQuestion } from '../../network-state.ts';
import type { Run } from '../system/commands.ts';
import { PROTOCOL_NUMBER } from './policy-routing.ts';

/** ICMP and ICMPv6; the kernel takes none but these, TCP and UDP, each for its own family. */
const PING4 = 1;
const PING6 = 58;

/** The interface; null when the kernel has no way, or an unreachable one. */
export async function routeTo(run: Run, { address, protocol, port }: RouteQuestion): Promise<string | null> {
  // Without a protocol, of a packet that no rule for TCP or UDP means: the kernel would take one of UDP.
  const ping = address.includes(':') ? PING6 : PING4;
  const number = protocol === null ? ping : PROTOCOL_NUMBER[protocol];
  const ports = ['ipproto', String(number), ...(protocol === null || port === null ? [] : ['dport', String(port)])];
  const result = await run('ip', ['-json', 'route', 'get', address, ...ports]);
  if (result.code !== 0) return null;
  const [route] = JSON.parse(result.stdout) as readonly { readonly dev?: string }[];
  return route?.dev ?? null;
}
