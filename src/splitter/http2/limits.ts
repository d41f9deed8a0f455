/** Every limit of HTTP/2, with unit and reason. */

/** What both ends begin with (RFC 9113, sections 6.5.2 and 6.9.2), bytes. */
export const HEADER_TABLE_SIZE = 4_096;
export const INITIAL_WINDOW = 65_535;
export const MAX_FRAME_SIZE = 16_384;

/** A window may not grow above it (RFC 9113, section 6.9.1). */
export const WINDOW_LIMIT = 2 ** 31 - 1;

/** A header block on the wire, bytes, and the frames that bring it (CVE-2024-27316: endless CONTINUATION). */
export const BLOCK_LIMIT = 256 * 1024;
export const CONTINUATION_LIMIT = 512;

/** The same block decoded, bytes: a table entry of 4 kB can be named thousands of times. */
export const BLOCK_FIELDS_LIMIT = 1024 * 1024;

/** A dynamic table that is followed, bytes; servers announce 4 to 64 kB. */
export const TABLE_LIMIT = 1024 * 1024;

/** A frame that is kept until it is whole, bytes: anything but DATA without padding. */
export const HELD_FRAME_LIMIT = 256 * 1024;

/** What the picked side may have sent that the client has not taken, bytes on one connection. */
export const PICKED_WINDOW = 1024 * 1024;

/** Picked streams of one connection that are not over; further ones are refused. */
export const STREAMS_LIMIT = 2_000;

/** Uploads to the picked side whose connection credit the client has back, bytes; above it, it has to wait. */
export const UPLOADS_LIMIT = 8 * 1024 * 1024;

/** What main has sent that the client's window does not allow yet, bytes; then main is not read. */
export const MAIN_QUEUE_LIMIT = 4 * 1024 * 1024;

/** SETTINGS of the client that main has not acknowledged; then the client is not read. */
export const SETTINGS_LIMIT = 1_000;

/** Bytes put together for one pipe before they are written. */
export const WRITE_AHEAD = 256 * 1024;

/** Ids of streams that are over, for frames that come late: this many of the latest. */
export const GHOSTS = 4_096;
