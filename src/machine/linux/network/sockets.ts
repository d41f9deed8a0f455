/**
 * Ends programs' sockets by SOCK_DESTROY (`ss -K`; sock_diag(7)), for where no reset can reach them: the link is gone,
 * or the process that knew the flows is.
 *
 * A socket is the session's when its own address is the TUN's: no other interface has that one.  Those that are bound to
 * another address the session has told beforehand.  A blocked call then returns ECONNABORTED at once, UDP sockets that
 * are connected included.  A kernel without CONFIG_INET_DIAG_DESTROY ends none, and a machine without `ss` neither:
 * programs there learn it at their next send, or by their own time-outs.
 */
import type { BoundFlow, SocketAddress } from '../../network-state.ts';
import { isInstalled } from '../system/commands.ts';
import type { System } from '../system/system.ts';

/** Arguments of `ss` in front of the filter. */
export const END_SOCKETS = ['-K', '-H', '-n', '-t', '-u', 'state', 'connected'] as const;

/** A filter of ss(8); empty when there is nothing to end.  `addresses`: the TUN's own, as CIDRs. */
export function socketsOf(addresses: readonly string[], bound: readonly BoundFlow[]): string {
  const terms = [
    ...addresses.map((cidr) => `src ${host(cidr.replace(/\/\d+$/, ''))}`),
    ...bound.map(({ source, destination }) => `( src ${socket(source)} and dst ${socket(destination)} )`),
  ];
  return terms.length === 0 ? '' : `( ${terms.join(' or ')} )`;
}

const host = (address: string): string => (address.includes(':') ? `[${address}]` : address);
const socket = (address: SocketAddress): string => `${host(address.host)}:${address.port}`;

/** `enter`: the command that leads into their network namespace, if it is another one.  Never rejects. */
export async function endSockets(system: System, enter: readonly string[], filter: string): Promise<void> {
  if (filter === '' || !isInstalled(system.files, 'ss')) return;
  const [command, ...args] = [...enter, 'ss', ...END_SOCKETS, filter] as const;
  // What stays open is left to time; the rest of the way back must go on.
  await system.run(command, args).catch(() => undefined);
}
