/**
 * How the client resets streams: it asks the agent to, by one short request each, and the agent sends RST_STREAM.
 *
 * Programs reset connections all day, and an HTTP/2 server of Node drops the whole session after some thousand resets
 * by its client (rapid-reset protection, CVE-2023-44487).  That can be tuned only from Node 22 on; a client has no
 * such limit.  Requests of their own, since a stream left open for it made Node's server send empty frames without end
 * while another one carried bulk.
 */
import { constants } from 'node:http2';
import type { ClientHttp2Session, Http2Stream, ServerHttp2Stream } from 'node:http2';

export const RESET_PATH = '/reset/';

/** The client's end. */
export function askReset(session: ClientHttp2Session, stream: Http2Stream): void {
  if (stream.closed || stream.destroyed || session.destroyed || session.closed) return;
  const { id } = stream;
  if (id === undefined) return stream.close(constants.NGHTTP2_CANCEL);
  const request = session.request({ ':method': 'POST', ':path': `${RESET_PATH}${id}` }, { endStream: true });
  request.on('error', () => {});
  request.resume();
}

/** RST_STREAM now.  A stream that is only closed still tries to send what it has queued, over and over. */
export function dropStream(stream: Http2Stream, code: number): void {
  stream.close(code);
  stream.destroy();
}

/** The agent's end; a stream that is not, or no longer, open is of no interest. */
export function serveReset(
  request: ServerHttp2Stream,
  path: string,
  open: ReadonlyMap<number, ServerHttp2Stream>,
): void {
  const stream = open.get(Number(path.slice(RESET_PATH.length)));
  if (stream !== undefined && stream !== request) dropStream(stream, constants.NGHTTP2_CANCEL);
  request.on('error', () => {});
  request.respond({ ':status': 204 }, { endStream: true });
  request.resume();
}
