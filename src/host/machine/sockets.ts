/**
 * Ends programs' sockets by SOCK_DESTROY (`ss -K`; sock_diag(7)), for where no reset can reach them: the link is gone,
 * or the process that knew the flows is.
 *
 * A socket is the session's when its own address is the TUN's: no other interface has that one.  A blocked call then
 * returns ECONNABORTED at once, UDP sockets that are connected included.  A kernel without CONFIG_INET_DIAG_DESTROY
 * ends none, and a machine without `ss` neither: programs there learn it at their next send, or by their own time-outs.
 */
import { isInstalled } from './commands.ts';
import type { Machine } from './machine.ts';

/** Arguments of `ss` in front of the filter. */
export const END_SOCKETS = ['-K', '-H', '-n', '-t', '-u', 'state', 'connected'] as const;

/** A filter of ss(8); undefined when there is nothing to end.  `addresses`: the TUN's own, as CIDRs. */
export function socketsOf(addresses: readonly string[]): string | undefined {
  const hosts = addresses.map((cidr) => cidr.replace(/\/\d+$/, ''));
  if (hosts.length === 0) return undefined;
  return `( ${hosts.map((host) => `src ${host.includes(':') ? `[${host}]` : host}`).join(' or ')} )`;
}

/** `enter`: the command that leads into their network namespace, if it is another one.  Never rejects. */
export async function endSockets(
  machine: Machine,
  enter: readonly string[],
  addresses: readonly string[],
): Promise<void> {
  const filter = socketsOf(addresses);
  if (filter === undefined || !isInstalled(machine.files, 'ss')) return;
  const [command, ...args] = [...enter, 'ss', ...END_SOCKETS, filter] as const;
  // What stays open is left to time; the rest of the way back must go on.
  await machine.run(command, args).catch(() => undefined);
}
