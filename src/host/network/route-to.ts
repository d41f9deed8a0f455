/** Asks the kernel which way a destination goes: rules, ports and all. */
import type { RouteQuestion } from '../../ipc/protocol.ts';
import type { Run } from '../machine/commands.ts';

/** The interface; null when the kernel has no way, or an unreachable one. */
export async function routeTo(run: Run, { address, protocol, port }: RouteQuestion): Promise<string | null> {
  const ports = protocol === null ? [] : ['ipproto', protocol, ...(port === null ? [] : ['dport', String(port)])];
  const result = await run('ip', ['-json', 'route', 'get', address, ...ports]);
  if (result.code !== 0) return null;
  const [route] = JSON.parse(result.stdout) as readonly { readonly dev?: string }[];
  return route?.dev ?? null;
}
