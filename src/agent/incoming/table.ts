/**
 * The nftables table that sends new connections of the target's ports to the agent.
 *
 * - `dnat to :Q`, the port alone: the address stays as it was dialled, and the accepted socket tells it.
 * - SYN segments only: the first nat rule of a network switches connection tracking on, which would take segments of
 *   established connections for new ones (nf_conntrack_tcp_loose), and reset them.
 * - Behind every mesh: its rules stand at -100 (dstnat); slots of several developers one after the other.
 * - A rule that matches nothing (port 0) keeps a nat expression in the table while no port is taken: without one, tracking
 *   is switched off, and live connections with it.
 * - What reaches Q itself, untranslated, is reset.
 * - The agent's own connections, and those of later slots, pass on to the original: told by their group.
 */
import { FIRST_GROUP, SLOTS } from '../../incoming-groups.ts';
import {
  accept,
  type Chain,
  comesByLoopback,
  HOOK,
  isDirect,
  isFamily,
  isForThisHost,
  isOfGroups,
  isSyn,
  isTcp,
  isToPort,
  leavesByLoopback,
  redirectTo,
  reset,
  tableBatch,
} from '../../netlink/nftables.ts';

/** NF_IP_PRI_NAT_DST is -100; a mesh may have something shortly behind it. */
const FIRST_PRIORITY = -90;

/** A port of the target, and the agent's listener for it. */
export interface Redirection {
  readonly port: number;
  readonly to: number;
}

export const tableName = (slot: number): string => `mirrord-incoming-${slot}`;

export function incomingTable(slot: number, redirections: readonly Redirection[]): Buffer {
  const families = ['IPv4', 'IPv6'] as const;
  const priority = FIRST_PRIORITY + slot;
  const redirected = ({ port, to }: Redirection, where: readonly Buffer[]): readonly (readonly Buffer[])[] =>
    families.map((family) => [
      ...isFamily(family),
      ...isTcp,
      ...where,
      ...isToPort(port),
      ...isSyn,
      ...redirectTo(family, to),
    ]);
  const fromOutside = [...comesByLoopback(false), ...isForThisHost];
  const chains: readonly Chain[] = [
    {
      name: 'prerouting',
      type: 'nat',
      hook: HOOK.prerouting,
      priority,
      rules: [NO_PORT, ...redirections].flatMap((redirection) => redirected(redirection, fromOutside)),
    },
    {
      name: 'output',
      type: 'nat',
      hook: HOOK.output,
      priority,
      rules: [
        [...isOfGroups(FIRST_GROUP + slot, FIRST_GROUP + SLOTS - 1), ...accept],
        ...redirections.flatMap((redirection) => redirected(redirection, leavesByLoopback)),
      ],
    },
    {
      name: 'input',
      type: 'filter',
      hook: HOOK.input,
      priority: 0,
      rules: redirections.map(({ to }) => [...isTcp, ...isToPort(to), ...isDirect, ...reset]),
    },
  ];
  return tableBatch(tableName(slot), chains);
}

const NO_PORT: Redirection = { port: 0, to: 1 };
