/** Every limit and time-out of the agent, with unit and reason. */

/**
 * Descriptors of flows, TCP and UDP together: one for each flow, and one for each program's UDP socket.  The client has
 * 8192 flows of UDP at most.
 */
export const FLOW_LIMIT = 32_000;

/** A UDP flow without traffic ends, ms.  The client's own limit (5 min) is shorter; this one is for lost clients. */
export const UDP_IDLE_MS = 330_000;

/** Ports of one host from which one program's socket takes datagrams: a TFTP server takes one for each transfer. */
export const UDP_ANSWER_PORTS = 64;

/**
 * Answers that wait while the agent is busy with other flows, bytes.  A burst of 1000 questions draws 1000 answers at once;
 * the kernel grants at most net.core.rmem_max, and takes twice of it for its own bookkeeping.
 */
export const UDP_RECEIVE_BUFFER = 4 << 20;

/** Datagrams that wait while a UDP socket is being made. */
export const UDP_PENDING_LIMIT = 64;

/** A DNS question has its answer within this, or none, ms: the program behind waits 5 s and has servers of its own. */
export const DNS_LIMIT_MS = 1_900;

/** Rounds through the name servers; resolv.conf(5)'s own default. */
export const DNS_ATTEMPTS = 2;

/** After so long without any sign the host counts as silent, ms; the kernel needs 3 s to give up on a neighbour. */
export const PROBE_LIMIT_MS = 4_000;

/** So many uncaught exceptions within so long, ms, and the agent ends: a successor starts clean, and flows learn of it. */
export const DEFECT_LIMIT = 10;
export const DEFECT_WINDOW_MS = 60_000;
