import { MirrordError } from '../../../errors.ts';

/**
 * Where one session's policy rules and routing tables have their numbers.
 *
 * They follow the TUN's number, which the kernel gives to one session at a time.  The preferences lie before those of
 * Tailscale (5210 to 5270), WireGuard's and NetworkManager's (above 30000), and behind `lookup local` (0).
 */
export interface RuleNumbers {
  /** Lets on who comes in, to `admitted`. */
  readonly admit: number;
  /** Sends everybody else to `leave`. */
  readonly others: number;
  /** Where what comes in lands. */
  readonly admitted: number;
  /** Sockets that keep to the machine's own path: marked, or bound to an address of its own when everything is routed. */
  readonly bound: number;
  /** Where those land that are bound and enter all the same; at the same number as `named`. */
  readonly boundEntering: number;
  /** What stays, or enters, since a name has led to it. */
  readonly named: number;
  /** What stays, or enters, by protocol and port. */
  readonly policy: number;
  /** More specific routes of the machine's main table come first. */
  readonly specific: number;
  /** Looks up `table`. */
  readonly enter: number;
  /** Looks it up for what has `outgoingMark`. */
  readonly enterOutgoing: number;
  /** Where `goto` lands to leave a session's rules without a decision. */
  readonly leave: number;
  /** Routed ranges, and throw routes for what keeps its old path. */
  readonly table: number;
  /** Nothing but a default route into the TUN, for policy rules that lead there. */
  readonly remoteTable: number;
  /** Firewall mark of the session's own sockets, and of those of the programs that it starts. */
  readonly mark: number;
  /** Firewall mark of TCP connections that began on this machine (`outgoing-connections.ts`). */
  readonly outgoingMark: number;
}

const FIRST_PREFERENCE = 5000;
const PREFERENCES = 10;
const FIRST_TABLE = 7300;
const SESSIONS = 20;
/**
 * "mr" in the upper half: outside the bits that Tailscale (0xff0000, value 0x80000), Kubernetes (0x4000, 0x8000) and Docker
 * look at.
 */
const FIRST_MARK = 0x6d72_0000;

export function numbersOf(tun: string): RuleNumbers {
  const number = Number(/\d+$/.exec(tun)?.[0] ?? Number.NaN);
  if (!(number < SESSIONS)) {
    throw new MirrordError(
      'host',
      'too-many-sessions',
      `At most ${SESSIONS} sessions can be up; ${tun} would be one too many.`,
      {
        help: 'Stop some with: mirrord down --name NAME. `mirrord status` lists them.',
      },
    );
  }
  const base = FIRST_PREFERENCE + PREFERENCES * number;
  return {
    admit: base,
    others: base + 1,
    admitted: base + 2,
    bound: base + 3,
    boundEntering: base + 4,
    named: base + 4,
    policy: base + 5,
    specific: base + 6,
    enter: base + 7,
    enterOutgoing: base + 8,
    leave: base + PREFERENCES - 1,
    table: FIRST_TABLE + 2 * number,
    remoteTable: FIRST_TABLE + 2 * number + 1,
    mark: FIRST_MARK + number,
    outgoingMark: FIRST_MARK + SESSIONS + number,
  };
}

/** Whether a rule of this preference is asked before any session's. */
export const isBeforeSessions = (preference: number): boolean => preference < FIRST_PREFERENCE;

/** A table of any session's. */
export const isSessionTable = (table: string | undefined): boolean =>
  table !== undefined && Number(table) >= FIRST_TABLE && Number(table) < FIRST_TABLE + 2 * SESSIONS;
