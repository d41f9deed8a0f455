/** Picks the TUN's own addresses and the resolver's, away from everything that the machine and the cluster use. */
import { MirrordError } from '../errors.ts';
import { VIRTUAL_BLOCKS } from '../machine/network-state.ts';
import { containingRange, overlappingRanges, parseAddress, parseRanges } from '../net/index.ts';

export interface VirtualAddresses {
  /** Single addresses with full prefix length, as the TUN carries them. */
  readonly tun: readonly string[];
  /** The resolver, in text form without prefix. */
  readonly resolver: string;
}

/** Each a /24 and a /64 of the blocks. */
const CANDIDATES = 64;
/** From one choice of a session to its next: beyond the first ones of all sessions, and in the end at every candidate. */
const STRIDE = 21;

/**
 * `taken`: CIDRs in use by the machine (default routes aside), the cluster and other sessions.
 *
 * `tun` has a number that the kernel gives to one session at a time.  Each begins at its own, for those that start at the
 * same moment do not see each other's choice.
 */
export function pickVirtualAddresses(taken: readonly string[], ipv6: boolean, tun: string): VirtualAddresses {
  const takenRanges = parseRanges(taken) ?? [];
  const first = Number(/\d+$/.exec(tun)?.[0] ?? 0);
  for (let choice = 0; choice < CANDIDATES; choice++) {
    const index = (first + choice * STRIDE) % CANDIDATES;
    const v4 = VIRTUAL_BLOCKS.v4.replace('0.0/18', String(index));
    // The subnet's number begins at 1: with 0 in it the canonical text of an address has another form.
    const v6 = VIRTUAL_BLOCKS.v6.replace(':/48', (index + 1).toString(16));
    const blocks = ipv6 ? [`${v4}.0/24`, `${v6}::/64`] : [`${v4}.0/24`];
    if (overlappingRanges(parseRanges(blocks) ?? [], takenRanges).length > 0) continue;
    return { tun: ipv6 ? [`${v4}.1/32`, `${v6}::1/128`] : [`${v4}.1/32`], resolver: `${v4}.53` };
  }
  throw new MirrordError(
    'host',
    'no-free-address',
    `No address is left for the TUN interface: every block of ${VIRTUAL_BLOCKS.v4} overlaps with a route of this machine or the cluster.`,
    { help: 'Exclude the overlapping range with --exclude-route, or end other sessions first.' },
  );
}

const BLOCKS = parseRanges(Object.values(VIRTUAL_BLOCKS)) ?? [];

/** Whether a name server of the machine is some session's resolver. */
export function isVirtualAddress(server: string): boolean {
  const address = parseAddress(server);
  return address !== null && containingRange(BLOCKS, address) !== undefined;
}
