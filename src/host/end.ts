/** What ends a session: the first cause, of all that may come. */
import { MirrordError, describeError } from '../errors.ts';
import type { Progress } from '../ipc/protocol.ts';
import { STOP_DEADLINE_MS } from './session-process.ts';

/** Under nohup (`bin/mirrord` tells) not the last. */
export const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export type EndSignal = (typeof SIGNALS)[number];

export type Cause =
  /** `mirrord down`. */
  | { readonly outcome: 'stopped' }
  | { readonly outcome: 'failed'; readonly error: MirrordError }
  | { readonly outcome: 'interrupted'; readonly signal: EndSignal; readonly wasReady: boolean };

export type HostEnd =
  /** `isAsBefore`: nothing is left on this machine or in the cluster; what is, `progress` has told. */
  | (Exclude<Cause, { outcome: 'failed' }> & { readonly isAsBefore: boolean })
  | Extract<Cause, { outcome: 'failed' }>
  /** A session of this name lives already; nothing was changed. */
  | { readonly outcome: 'already-up'; readonly pid: number };

/** Decided once: what comes first ends the session. */
export class End {
  readonly #first = Promise.withResolvers<Cause>();
  readonly #progress: (progress: Progress) => void;
  #signals = 0;
  isReady = false;

  constructor(progress: (progress: Progress) => void) {
    this.#progress = progress;
  }

  get promise(): Promise<Cause> {
    return this.#first.promise;
  }

  resolve(cause: Cause): void {
    this.#first.resolve(cause);
  }

  /** A second signal hastens nothing: what is in the cluster would stay there, and the wait for it is bounded. */
  interrupt(signal: EndSignal): void {
    this.resolve({ outcome: 'interrupted', signal, wasReady: this.isReady });
    if (++this.#signals < 2) return;
    const text = `stopping; this takes at most ${STOP_DEADLINE_MS / 1_000} s`;
    this.#progress({ step: 'repair', state: 'running', text });
  }
}

export function asMirrordError(error: unknown): MirrordError {
  return error instanceof MirrordError ? error : MirrordError.fromDescription(describeError(error));
}
