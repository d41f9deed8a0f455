/** Every limit and time-out of a connection, with unit and reason. */

/** Bumped with every change of the byte stream's frames, the hello, or the multiplexer's frames. */
export const PROTOCOL_VERSION = 2;

/** How long a session outlives its transport, ms.  A laptop's lid, a VPN's reconnect; longer, and programs gave up. */
export const RESUME_LIMIT_MS = 120_000;

/** A transport that has carried nothing for so long is dead, whatever it says, ms. */
export const SILENCE_LIMIT_MS = 15_000;

/** An idle transport is pinged this often, ms: two pings may get lost in a stall before the silence limit. */
export const PING_IDLE_MS = 5_000;

/** Period of the one housekeeping timer of a connected byte stream, ms: late acknowledgements, pings, silence. */
export const TICK_MS = 1_000;

/** From the transport's start to the end of the hello, ms; bounds half-open clients. */
export const HELLO_LIMIT_MS = 10_000;

/** After a change of the path a transport shall show a sign of life within this, ms; a false alarm costs a resume. */
export const DOUBT_LIMIT_MS = 2_000;

/** First and longest pause between two dials, ms; doubled in between.  A path that is back is used within 3 s. */
export const REDIAL_FIRST_MS = 250;
export const REDIAL_LONGEST_MS = 2_000;

/** One attempt to dial and say hello, ms. */
export const DIAL_LIMIT_MS = 20_000;

/** A dial that is not through after so long, ms, gets company: so many are under way at most. */
export const DIAL_AGAIN_MS = 2_000;
export const DIALS_AT_ONCE = 5;

/** Longest control frame, bytes.  The longest that we send is the client's proof. */
export const CONTROL_LIMIT = 512;

/** Longest DATA frame, bytes (24-bit length).  It is streamed on, never gathered, so it costs no memory. */
export const DATA_LIMIT = 0xff_ff_ff;

/** The receiver acknowledges after so many bytes: often enough to keep the replay buffer small. */
export const ACK_EVERY = 128 * 1024;

/**
 * Bounds of what may be in flight, unacknowledged, in one direction (see flight-window.ts).  The smallest keeps a local
 * path busy and is 1 ms at 8 Gb/s; the largest fills 100 ms at 1.3 Gb/s, and bounds the replay buffer.
 */
export const WINDOW_MIN = 1024 * 1024;
export const WINDOW_MAX = 16 * 1024 * 1024;

/**
 * Pieces shorter than this, or shorter on average, are put together by a copy, bytes: what is kept for each piece until it
 * is acknowledged is some 200 bytes, and a program may well write byte by byte.
 */
export const SMALL_PIECE = 512;

/** Sessions of one key that one agent serves at once. */
export const SESSION_LIMIT = 16;

/**
 * Transports in their hello at once: within the 1024 descriptors that a container has at the least, and so many that a
 * client whose hello takes a long round trip is rarely the one that makes room (see hellos.ts).
 */
export const HELLO_LIMIT = 256;
