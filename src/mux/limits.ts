/** Every limit and time-out of the multiplexer, with unit and reason. */

/**
 * Window of one stream, bytes: what a stalled reader can make the far side hold.  It begins small, so that many idle or
 * stalled flows cost little, and grows while it is what limits (see stream.ts).
 */
export const STREAM_WINDOW = 256 * 1024;
/** As much as may be in flight. */
export const STREAM_WINDOW_MAX = 16 * 1024 * 1024;
/** All growth together, bytes: bounds what stalled readers of once fast streams can make this end hold. */
export const STREAM_WINDOWS_GROWTH = 64 * 1024 * 1024;

/** Bytes of one stream before the next one's turn: one super-segment of the TUN. */
export const QUANTUM = 64 * 1024;

/** Flows and questions open at once in one tunnel: above the agent's own limit, so that questions are always answered. */
export const STREAM_LIMIT = 32_768;

/** Longest datagram: 65,535 less the UDP header, with IPv6 (RFC 8200); IPv4's is 20 shorter. */
export const DATAGRAM_LIMIT = 65_527;

/** What a frame that waits unsent costs beside its bytes (its typed array's object, slots of lists), bytes. */
export const FRAME_COST = 400;

/**
 * Short frames that wait beyond what may be in flight, bytes: what comes on top is dropped (datagrams, as on any wire),
 * refused (answers), or waits unsent (openings).
 */
export const EXCESS_LIMIT = 1024 * 1024;

/** The same for refusals, bytes: a peer that keeps opening and never reads them is broken. */
export const REFUSALS_LIMIT = 4 * EXCESS_LIMIT;

/**
 * Openings that wait for the transport, bytes: as many flows as the stack holds half open, UDP included, have room in
 * twice the second.  What can be asked or sent again (questions, first datagrams) may take no more than that half.
 */
export const OPENINGS_LIMIT = 8 * 1024 * 1024;
export const OPENINGS_AGAIN_LIMIT = OPENINGS_LIMIT / 2;

/** Longest opening, bytes: a DNS message with its two-byte length over TCP, and what is in front of it. */
export const QUESTION_LIMIT = 65_535 + 16;

/** Longest answer, bytes: an environment, which the kernel bounds at 2 MB with the default stack (execve(2), ARG_MAX). */
export const ANSWER_LIMIT = 2 << 20;

/** A DNS question, an `info`, a `probe` or a ping that has no answer after so long fails, ms. */
export const ANSWER_LIMIT_MS = 10_000;
