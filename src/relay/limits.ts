/** Limits of sockets that carry flows, with unit and reason. */

/** A TCP dial that has heard nothing for so long has timed out, ms.  Programs' own limits are mostly shorter. */
export const DIAL_LIMIT_MS = 60_000;

/** Bytes of one flow that may wait for the tunnel before its socket is no longer read, at most and at least. */
export const FLOW_QUEUE_MOST = 256 * 1024;
export const FLOW_QUEUE_LEAST = 64 * 1024;
/** The same of all flows, and the part of what is left of it that one flow may have. */
export const FLOW_QUEUES = 16 << 20;
export const FLOW_QUEUES_SHARE = 1 / 16;

/**
 * A server that has been silent for so long is probed (ten times, a second apart: libuv's choice), ms.  The program's own
 * keepalive probes end at the stack, so a server that vanished with its node is noticed here or not at all.  RFC 1122
 * section 4.2.3.6: two hours at least.
 */
export const KEEPALIVE_IDLE_MS = 7_200_000;
