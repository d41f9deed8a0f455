/** Every bound of the stack, with its unit and its reason. */

/* ---- TCP: how many ---- */

/** Flows in any state.  More than the ephemeral ports of one machine towards one destination (28,232 on Linux). */
export const TCP_FLOWS = 32_768;
/** Handshakes that have not ended.  Each costs a stream in the tunnel and a socket in the agent. */
export const HALF_OPEN = 4096;
/** Handshakes with one address and port: half of all, so that one dead service cannot starve the others. */
export const HALF_OPEN_PER_DESTINATION = 2048;
/**
 * A handshake this old (ms) may be given up for a new SYN when there is no room: its destination is most likely
 * filtered, and its program's kernel sends the SYN again; or its program is not there, since any kernel answers our
 * SYN-ACK at once.  Younger ones are about to succeed and stay; then the new SYN is dropped, which costs its program one
 * second.  So a flood neither starves others for long nor makes more than `HALF_OPEN` dials a second.
 */
export const HALF_OPEN_MIN_AGE = 1000;
/** Entries in TIME_WAIT; the oldest is forgotten first.  One is some 500 bytes. */
export const TIME_WAITS = 8192;

/* ---- TCP: how much ---- */

/** Bytes that one flow may hold for its program before `send` returns false: some milliseconds of a fast local reader. */
export const SEND_MARK = 1 << 20;
/** The same at the least: enough to keep one super-segment on its way. */
export const SEND_MARK_TIGHT = 64 * 1024;
/** Bytes for programs held by all flows together: bounds the process, not a flow. */
export const SEND_HELD = 32 << 20;
/** One flow may hold this part of what all together still may: one or few have their full mark, many share. */
export const SEND_SHARE = 1 / 32;
/** What a chunk costs beside its bytes (its typed array's object and a slot), so that tiny chunks are bounded too. */
export const CHUNK_COST = 128;
/** Bytes out of order held by one flow, and by all; what does not fit is dropped and sent again by the program. */
export const OUT_OF_ORDER = 4 << 20;
export const OUT_OF_ORDER_HELD = 32 << 20;
/** Pieces out of order of one flow: keeps the ordered insert short. */
export const OUT_OF_ORDER_PIECES = 512;

/* ---- TCP: time, in ms ---- */

/** Before a round trip is known.  RFC 6298 says 1 s for paths of any length; ours ends in this machine's kernel. */
export const RTO_INITIAL = 250;
/** Linux' own minimum: its delayed acknowledgements take up to 200 ms. */
export const RTO_MIN = 200;
/** With two full segments or more on their way, or a hole known, a receiver answers at once (RFC 9293 section 3.8.6.3). */
export const RTO_MIN_PROMPT = 20;
export const RTO_MAX = 30_000;
/** Retransmissions without any answer before the flow is given up: 100 s and more (RFC 9293 section 3.8.3, R2). */
export const RETRANSMISSIONS = 11;
/** RFC 5681 section 3.2. */
export const DUPLICATE_ACKS = 3;
/**
 * TIME_WAIT.  Two segment lifetimes on a link without routers are microseconds; what counts is that a last FIN whose
 * ACK was lost comes again: three retransmissions of Linux (0.2 + 0.4 + 0.8 s) fit.
 */
export const TIME_WAIT = 2000;
/**
 * After the last SYN, at least this long until the program is taken to have given up (a closed connecting socket says
 * nothing); later SYNs come at growing intervals, so twice the last interval is waited.
 */
export const SYN_PATIENCE = 5000;

/**
 * A flow on which nothing came for so long (ms) is probed at this interval, so often.  RFC 1122 section 4.2.3.6: two hours
 * at least; the rest as Linux has it (tcp_keepalive_intvl, tcp_keepalive_probes).  A kernel answers for programs that
 * sleep, so only who is gone with its kernel's namespace stays silent.
 */
export const KEEPALIVE_IDLE = 7_200_000;
export const KEEPALIVE_INTERVAL = 75_000;
export const KEEPALIVE_PROBES = 9;

/* ---- TCP: constants of the protocol ---- */

/** Window scale that we offer: windows up to 64 MB in steps of 1 kB, for paths with a large delay. */
export const WINDOW_SHIFT = 10;
/** MSS of a peer that names none: RFC 9293 section 3.7.1, RFC 8200 section 5. */
export const MSS_DEFAULT_V4 = 536;
export const MSS_DEFAULT_V6 = 1220;
/** Smaller offers are raised to it: a tiny MSS would make a packet out of every few bytes (Linux: tcp_min_snd_mss). */
export const MSS_MIN = 48;

/* ---- narrower links behind this machine ---- */

/** No router's report takes us lower: Linux' ip_rt_min_pmtu, and RFC 8200 section 5. */
export const PATH_MTU_MIN_V4 = 552;
export const PATH_MTU_MIN_V6 = 1280;
/** Clients whose path is remembered; with one more all are forgotten, and told again. */
export const PATHS = 1024;
/** How long a narrower path is believed in after the last sign of it, ms: RFC 1191 section 6.3, RFC 8201 section 4. */
export const PATH_AGE = 600_000;
/**
 * Time-outs in a row, nothing new having arrived, after which full segments are taken to be too long for a path whose
 * routers do not say so (RFC 4821 section 7.7): 0.6 s and more, so that a busy machine is not taken for one.
 */
export const BLACK_HOLE_TIMEOUTS = 5;

/* ---- UDP, ICMP, fragments ---- */

/**
 * One more takes the place of the one that was idle for longest; half of what the agent serves (its FLOW_LIMIT), even
 * where each is of a socket of its own.
 */
export const UDP_FLOWS = 8192;
/** Those among them that far hosts have begun, from other ports than the program sent to. */
export const UDP_ANSWERED_FLOWS = 1024;
/** Idle time-out of a UDP flow, ms: RFC 4787 section 4.3 recommends five minutes. */
export const UDP_IDLE_MS = 300_000;
/** The same once a DNS answer went back: a question and its answer are all that a resolver's socket carries. */
export const UDP_DNS_IDLE_MS = 5000;
/** Echo requests whose answer is awaited; ping -f keeps 100 of them. */
export const ECHOES = 256;
/** An echo request older than this (ms) is forgotten; ping itself waits 10 s at most. */
export const ECHO_PATIENCE = 10_000;
/** Datagrams being put together; each takes 64 KB. */
export const REASSEMBLIES = 64;
/** ms.  Linux' ipfrag_time; RFC 791 says at least 15 s. */
export const REASSEMBLY_PATIENCE = 30_000;
/** ICMP errors a second, and at once.  Linux: icmp_msgs_per_sec 10,000, icmp_msgs_burst 10,000 since 6.12. */
export const ICMP_RATE = 1000;
export const ICMP_BURST = 1000;
/**
 * One connection answers a segment without data that does not fit its window this often, ms: below the shortest time
 * between two probes of any peer (Linux: a window probe after 200 ms at the earliest).
 */
export const EMPTY_ANSWER_INTERVAL = 100;
/** Challenge ACKs a second, RFC 5961 section 7; Linux: tcp_challenge_ack_limit. */
export const CHALLENGE_RATE = 1000;
export const CHALLENGE_BURST = 1000;
