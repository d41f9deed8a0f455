/** HTTP/2 on one proven session: turns requests into calls of the service. */
import { constants, performServerHandshake } from 'node:http2';
import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { Duplex } from 'node:stream';
import { parseAuthority, parseUdpPath } from './authority.ts';
import type { Destination } from './authority.ts';
import { Http2Datagrams } from './datagrams.ts';
import { refusalHeaders, toErrno } from './errno.ts';
import { Http2Flow } from './flow.ts';
import { SESSION_OPTIONS, grantWindow, sessionSettings } from './http2-settings.ts';
import { MESSAGE_LIMIT, WINDOW_MIN } from './limits.ts';
import { RESET_PATH, serveReset } from './reset.ts';
import type { PendingFlow, TunnelService } from './service.ts';
import type { DialErrno } from './tunnel.ts';

const PROBE_PATH = '/probe/';

export function serveHttp2(
  stream: Duplex,
  roundTripMs: number,
  service: TunnelService,
  ended: () => void,
): ServerHttp2Session {
  const session = performServerHandshake(stream, {
    ...SESSION_OPTIONS,
    settings: sessionSettings(roundTripMs),
  });
  grantWindow(session, WINDOW_MIN);
  const streams = new Map<number, ServerHttp2Stream>();
  session.on('stream', (request: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    const id = request.id ?? 0;
    streams.set(id, request);
    request.on('close', () => streams.delete(id));
    const path = headers[':path'];
    if (path?.startsWith(RESET_PATH)) serveReset(request, path, streams);
    else serve(request, headers, service);
  });
  // What is wrong with an HTTP/2 session ends it; 'close' says so.
  session.on('error', () => {});
  session.on('close', ended);
  stream.on('close', () => session.destroy());
  return session;
}

function serve(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, service: TunnelService): void {
  const path = headers[':path'] ?? '';
  if (headers[':method'] === 'CONNECT') {
    if (headers[':protocol'] === undefined) {
      const to = parseAuthority(headers[':authority'] ?? '');
      return to === null ? reject(stream, 400) : service.tcp(pending(new Http2Flow(stream), stream, to));
    }
    const to = headers[':protocol'] === 'connect-udp' ? parseUdpPath(path) : null;
    return to === null ? reject(stream, 400) : service.udp(pending(new Http2Datagrams(stream), stream, to));
  }
  stream.on('error', () => {});
  if (path === '/dns-query') return resolve(stream, service);
  if (path === '/environment') return answer(stream, Buffer.from(service.environment() ?? ''));
  if (path === '/info') return answer(stream, Buffer.from(JSON.stringify(service.info())));
  if (path.startsWith(PROBE_PATH)) return probe(stream, path.slice(PROBE_PATH.length), service);
  reject(stream, 404);
}

function pending<F extends object>(flow: F, stream: ServerHttp2Stream, to: Destination): F & PendingFlow {
  return Object.assign(flow, {
    host: to.host,
    port: to.port,
    accept: () => {
      if (usable(stream)) stream.respond({ ':status': 200 });
    },
    refuse: (errno: DialErrno) => refuse(stream, errno),
  });
}

/** The client may have reset the stream while the service was at work. */
function usable(stream: ServerHttp2Stream): boolean {
  return !stream.destroyed && !stream.closed && !stream.headersSent;
}

function refuse(stream: ServerHttp2Stream, errno: DialErrno): void {
  if (!usable(stream)) return;
  stream.respond(refusalHeaders(errno), { endStream: true });
  stream.resume();
}

function reject(stream: ServerHttp2Stream, status: number): void {
  stream.on('error', () => {});
  stream.respond({ ':status': status }, { endStream: true });
  stream.close(constants.NGHTTP2_NO_ERROR);
}

function answer(stream: ServerHttp2Stream, body: Uint8Array): void {
  if (!usable(stream)) return;
  stream.respond({ ':status': 200 });
  stream.end(body);
}

function resolve(stream: ServerHttp2Stream, service: TunnelService): void {
  const chunks: Buffer[] = [];
  const gone = new AbortController();
  let length = 0;
  stream.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length <= MESSAGE_LIMIT) chunks.push(chunk);
    else stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  });
  stream.on('close', () => gone.abort());
  stream.on('end', () => {
    service.resolve(Buffer.concat(chunks), gone.signal).then(
      (message) => answer(stream, message),
      (error: unknown) => refuse(stream, toErrno(error)),
    );
  });
}

function probe(stream: ServerHttp2Stream, encoded: string, service: TunnelService): void {
  let host: string;
  try {
    host = decodeURIComponent(encoded);
  } catch {
    return reject(stream, 400);
  }
  const gone = new AbortController();
  stream.on('close', () => gone.abort());
  stream.resume();
  service.probe(host, gone.signal).then(
    (outcome) => (outcome.ok ? answer(stream, Buffer.alloc(0)) : refuse(stream, outcome.errno)),
    (error: unknown) => refuse(stream, toErrno(error)),
  );
}
