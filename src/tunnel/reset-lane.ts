/**
 * How the client resets streams: it asks the agent, by stream number on one long-lived request, and the agent sends
 * RST_STREAM.
 *
 * Programs reset connections all day, and an HTTP/2 server of Node drops the whole session after some thousand resets
 * by its client (rapid-reset protection, CVE-2023-44487).  That can be tuned only from Node 22 on; a client has no
 * such limit.
 */
import { constants } from 'node:http2';
import type { ClientHttp2Stream, Http2Stream, ServerHttp2Stream } from 'node:http2';

export const LANE_PATH = '/resets';
const NUMBER_LENGTH = 4;

/** The client's end. */
export class ResetLane {
  readonly #request: ClientHttp2Stream;

  constructor(request: ClientHttp2Stream) {
    this.#request = request;
    request.on('error', () => {});
    request.resume();
  }

  reset(stream: Http2Stream): void {
    if (stream.closed || stream.destroyed) return;
    const { id } = stream;
    if (id === undefined || this.#request.destroyed) return stream.close(constants.NGHTTP2_CANCEL);
    const number = Buffer.allocUnsafe(NUMBER_LENGTH);
    number.writeUInt32BE(id);
    this.#request.write(number);
  }
}

/** The agent's end; what is not, or no longer, open is of no interest. */
export function serveResets(lane: ServerHttp2Stream, open: ReadonlyMap<number, ServerHttp2Stream>): void {
  const number = Buffer.alloc(NUMBER_LENGTH);
  let fill = 0;
  lane.on('data', (chunk: Buffer) => {
    for (const byte of chunk) {
      number[fill++] = byte;
      if (fill < NUMBER_LENGTH) continue;
      fill = 0;
      const stream = open.get(number.readUInt32BE());
      if (stream !== lane) stream?.close(constants.NGHTTP2_CANCEL);
    }
  });
  lane.respond({ ':status': 200 });
}
