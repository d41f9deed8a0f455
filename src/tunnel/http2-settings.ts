/** The HTTP/2 session options that both ends share. */
import type { Http2Session, Settings } from 'node:http2';
import { HTTP2_MEMORY_MB, STREAM_LIMIT, STREAM_WINDOW_MAX, STREAM_WINDOW_MIN } from './limits.ts';

/** What one stream should be able to carry over a long path, bytes per ms (8 Gb/s). */
const STREAM_RATE = 1_000_000;

/** The window grows with the path, since a stream carries at most one window per round trip. */
export function streamWindow(roundTripMs: number): number {
  return Math.min(Math.max(Math.ceil(roundTripMs * STREAM_RATE), STREAM_WINDOW_MIN), STREAM_WINDOW_MAX);
}

export function sessionSettings(roundTripMs: number): Settings {
  return {
    initialWindowSize: streamWindow(roundTripMs),
    maxConcurrentStreams: STREAM_LIMIT,
    enablePush: false,
    enableConnectProtocol: true,
  };
}

/** Of both kinds of session. */
export const SESSION_OPTIONS = {
  maxSessionMemory: HTTP2_MEMORY_MB,
  peerMaxConcurrentStreams: STREAM_LIMIT,
};

/**
 * Grants the connection window.  Node gives connection credit back as bytes arrive, whether their stream is read or
 * not, so a stalled stream takes nothing from the others.
 */
export function grantWindow(session: Http2Session, bytes: number): void {
  if (!session.destroyed) session.setLocalWindowSize(bytes);
}
