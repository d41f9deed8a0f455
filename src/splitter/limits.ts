/** Every limit and time-out of the splitter, with unit and reason. */

/** A head (RFC 9112: start line and fields), bytes; a longer one is passed on unread.  Servers take 8 to 64 kB. */
export const HEAD_LIMIT = 64 * 1024;

/** A request's first line, bytes; what is longer is not HTTP that anybody filters. */
export const REQUEST_LINE_LIMIT = 16 * 1024;

/** A method, bytes; the longest registered one has 17 (UPDATEREDIRECTREF). */
export const METHOD_LIMIT = 32;

/** How long the rest of a head is waited for, ms.  Then main gets what there is: its own rules for slow clients count. */
export const HEAD_WAIT_MS = 10_000;

/** The same for its first line: text that stops before its first line break is seldom HTTP, and waits for an answer. */
export const START_LINE_WAIT_MS = 1_000;

/** What a filter reads of a body: bytes, and how long it waits for them, ms. */
export const FILTERED_BODY_LIMIT = 64 * 1024;
export const FILTERED_BODY_WAIT_MS = 1_000;

/** Requests in a row that main has not answered yet; then the client waits.  Browsers send 6 at most. */
export const PIPELINE_LIMIT = 64;

/** A picked request is kept for a second attempt as long as it is no longer than this, bytes. */
export const REPLAY_LIMIT = 64 * 1024;

/** After the last answer the client may still send for so long, ms, so that no RST overtakes what it has not read yet. */
export const LINGER_MS = 5_000;

/** Pieces up to so many bytes together are copied into one write: cheaper than a system call each. */
export const GATHER_LIMIT = 64 * 1024;
