/**
 * What a session tells whoever asks by its control socket: `status`, `down`, `explain`, ...
 *
 * One JSON line for the question, one for the answer; the socket is the user's own, mode 0600.
 */
import type { ErrorDescription } from '../errors.ts';

export interface SessionStatus {
  readonly name: string;
  readonly state: 'starting' | 'ready' | 'reconnecting' | 'stopping';
  readonly pid: number;
  readonly target: string;
  readonly cluster: {
    readonly context: string;
    readonly server: string;
    readonly version: string;
    readonly namespace: string;
  } | null;
  readonly agent: {
    readonly kind: string;
    readonly name: string;
    readonly node: string;
    readonly image: string;
  } | null;
  readonly tun: { readonly name: string; readonly addresses: readonly string[]; readonly mtu: number };
  readonly routes: readonly string[];
  readonly dns: {
    readonly mode: string;
    readonly server: string;
    readonly domains: readonly string[];
    readonly search: readonly string[];
  };
  readonly flows: { readonly tcp: number; readonly udp: number };
  readonly bytes: { readonly up: number; readonly down: number };
  readonly transport: { readonly kind: string; readonly rtt_ms: number | null; readonly resumes: number };
  /** The outgoing filter in plain words, a line per rule. */
  readonly filter: readonly string[];
  readonly warnings: readonly string[];
}

export interface ControlRequest {
  readonly method: string;
  readonly params?: unknown;
}

export type ControlResponse = { readonly result: unknown } | { readonly error: ErrorDescription };
