/**
 * The control socket's protocol: one request a connection, each line JSON.
 *
 *     asker   -> session  {"version": 1, "method": "status", "params": ...}
 *     session -> asker    {"result": ...}, or {"error": {code, failure, message, help}}
 *                         {"stream": "events"}, then {"seq": 1, "event": ...} and so on, at last {"end": true} or an error
 *                         {"stream": "bytes"}, then bytes both ways; the asker sends none before
 *
 * The session then ends the connection.  Events are numbered: a reader who lags finds numbers missing.  A stream of events
 * that ends without its last line was broken off.
 */
import type { ErrorDescription } from '../errors.ts';

/** Bumped when an older end would misread; a new method, or a new field of an answer, needs none. */
export const CONTROL_VERSION = 1;

export interface ControlRequest {
  readonly version: number;
  readonly method: string;
  readonly params?: unknown;
}

export interface Numbered<T> {
  readonly seq: number;
  readonly event: T;
}

export type ControlResponse =
  { readonly result: unknown } | { readonly error: ErrorDescription } | { readonly stream: 'events' | 'bytes' };

/** Behind `{"stream": "events"}`. */
export type StreamLine = Numbered<unknown> | { readonly end: true } | { readonly error: ErrorDescription };

export const line = (message: ControlRequest | ControlResponse | StreamLine): string => `${JSON.stringify(message)}\n`;
