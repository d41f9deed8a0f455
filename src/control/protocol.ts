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

/** The answer to `env`.  Its values are secrets: for standard output and the environment of programs, nothing else. */
export interface SessionEnvironment {
  /** The target's environment after `feature.env`. */
  readonly environment: Readonly<Record<string, string>>;
  /** Names that a program started with it must not have, whoever set them; case does not count. */
  readonly unset?: readonly string[];
  /** What could not be read, by name. */
  readonly warnings?: readonly string[];
}

/** The answer to `ping`: to the agent and back. */
export interface RoundTrip {
  readonly rtt_ms: number;
}

export interface ControlRequest {
  readonly method: string;
  readonly params?: unknown;
}

export type ControlResponse = { readonly result: unknown } | { readonly error: ErrorDescription };
