/** How a dial's errno inside the cluster is told to the program on this machine. */
import type { Refusal } from '../stack/index.ts';
import type { DialErrno } from '../mux/flow.ts';

const REFUSALS: Readonly<Record<DialErrno, Refusal>> = {
  ECONNREFUSED: 'refused',
  // An end that has no name of its own.
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
