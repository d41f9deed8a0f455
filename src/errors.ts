/**
 * The one error class whose text reaches a user.
 *
 * Every expected failure is a `MirrordError`: a stable `code` (listed in docs/errors.md), a sentence that says what
 * happened and why, and what to do about it.  Only the CLI prints errors and turns them into exit codes; whatever is
 * not a `MirrordError` is a defect of ours and exits with 1.
 */
import { defined } from './defined.ts';
import { asSentence } from './sentence.ts';

/** Exit codes of the CLI, by class of failure. */
export const EXIT = {
  ok: 0,
  unexpected: 1,
  usage: 2,
  permission: 3,
  cluster: 4,
  agent: 5,
  host: 6,
  // Nothing failed: what was to be examined is not as it should be.
  findings: 7,
  // As a shell tells a death by signal: 128 and SIGHUP, SIGINT or SIGTERM.
  hangup: 129,
  interrupted: 130,
  terminated: 143,
} as const;

export type FailureClass = Exclude<keyof typeof EXIT, 'ok' | 'findings'>;

export interface MirrordErrorOptions {
  /** What the user can do, as one or more plain sentences or commands. */
  readonly help?: string;
  readonly cause?: unknown;
}

/** The form in which errors cross processes and appear under `--json`. */
export interface ErrorDescription {
  readonly code: string;
  readonly failure: FailureClass;
  readonly message: string;
  readonly help?: string;
}

export class MirrordError extends Error {
  /** Stable, kebab-case, unique per cause: `kubeconfig-missing`, `tun-name-in-use`, ... */
  readonly code: string;
  readonly failure: FailureClass;
  readonly help: string | undefined;

  constructor(failure: FailureClass, code: string, message: string, options: MirrordErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'MirrordError';
    this.failure = failure;
    this.code = code;
    this.help = options.help;
  }

  /** As people and programs read it, in a shape that survives JSON; `fromDescription` is the way back. */
  describe(): ErrorDescription {
    return {
      code: this.code,
      failure: this.failure,
      message: asSentence(this.message),
      ...defined({ help: this.help }),
    };
  }

  static fromDescription(description: ErrorDescription): MirrordError {
    return new MirrordError(
      description.failure,
      description.code,
      description.message,
      defined({ help: description.help }),
    );
  }
}

/** Any thrown value as a description; what is not a `MirrordError` becomes `unexpected`. */
export function describeError(error: unknown): ErrorDescription {
  if (error instanceof MirrordError) return error.describe();
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'unexpected', failure: 'unexpected', message };
}
