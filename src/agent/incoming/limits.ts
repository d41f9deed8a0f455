/** Limits of incoming traffic at the agent, with unit and reason. */

/**
 * A client that speaks first has done so by then, ms, and a server that speaks first is delayed by no more: the first bytes
 * of a connection tell a probe of the kubelet's.
 */
export const FIRST_BYTES_MS = 20;

/** The head of a probe's request is complete within this, ms, and this long, bytes: it goes out in one piece of some 150. */
export const PROBE_HEAD_MS = 1_000;
export const PROBE_HEAD_BYTES = 4_096;

/** No answer to a new connection after so long, ms, and the tunnel is asked for a sign of life. */
export const DOUBT_AFTER_MS = 1_000;
/** No answer after so long, ms, and the connection passes on to the original. */
export const ANSWER_LIMIT_MS = 3_000;

/** Ports are given back when the tunnel has been away for so long, ms: a short cut must not end what is established. */
export const WITHDRAW_AFTER_MS = 3_000;
/** What is under way is reset when it has been away for so long, ms. */
export const RESET_AFTER_MS = 5_000;

/** A connection without traffic for so long, ms, may be ended between two requests. */
export const IDLE_MS = 500;
/** A busy connection has so long, ms, before it is ended as well. */
export const BUSY_LIMIT_MS = 5_000;

/** A listener outlives its redirection by so much, ms: what the kernel has redirected by then has still to be accepted. */
export const LISTENER_LINGER_MS = 1_000;

/** Connections that may wait to be accepted; the kernel's own default bound (net.core.somaxconn). */
export const BACKLOG = 4_096;

/** Ports of one session: more than a pod has. */
export const PORTS_LIMIT = 64;
