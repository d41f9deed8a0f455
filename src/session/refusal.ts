/** How a dial's errno inside the cluster is told to the program on this machine. */
import type { Refusal } from '../stack/flow.ts';
import type { DialErrno } from '../tunnel/tunnel.ts';

const REFUSALS: Readonly<Record<DialErrno, Refusal>> = {
  ECONNREFUSED: 'refused',
  // The far side answered and hung up before the dial was done: the nearest truth is a refusal.
  ECONNRESET: 'refused',
  EHOSTUNREACH: 'host-unreachable',
  ENOTFOUND: 'host-unreachable',
  ENETUNREACH: 'network-unreachable',
  EADDRNOTAVAIL: 'network-unreachable',
  EACCES: 'prohibited',
  ETIMEDOUT: 'timeout',
};

export function refusalOf(errno: DialErrno): Refusal {
  return REFUSALS[errno];
}
