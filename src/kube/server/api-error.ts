import { MirrordError } from '../../errors.ts';

/** `metav1.Status`, as far as it is read. */
export interface StatusBody {
  readonly message?: string;
  readonly reason?: string;
  readonly details?: {
    readonly retryAfterSeconds?: number;
    readonly causes?: readonly { readonly field?: string; readonly message?: string }[];
  };
}

/**
 * The API server answered, and its answer was no.  For this folder alone: who asked turns it into a `MirrordError` that
 * says what was wanted; what was not expected gets `unexpectedAnswer`.
 */
export class ApiError extends Error {
  readonly status: number;
  readonly reason: string;
  readonly body: StatusBody;

  constructor(status: number, body: StatusBody, fallback: string) {
    super(body.message ?? fallback);
    this.name = 'ApiError';
    this.status = status;
    this.reason = body.reason ?? '';
    this.body = body;
  }
}

export function isStatus(error: unknown, ...statuses: readonly number[]): error is ApiError {
  return error instanceof ApiError && statuses.includes(error.status);
}

/** RBAC's own refusal; admission plug-ins answer 403 too, in other words (`exceeded quota`, `violates PodSecurity`). */
export function isRbacRefusal(error: unknown): boolean {
  return isStatus(error, 403) && /\bcannot \w+ resource\b/.test(error.message);
}

/** HTTP 401, after a renewal where there is one. */
export function credentialsRejected(server: string, message: string, cause: unknown): MirrordError {
  const text = `${server} does not accept these credentials: ${message} (HTTP 401)`;
  return new MirrordError('cluster', 'credentials-rejected', text, {
    help: 'They may have expired or been revoked: log in to the cluster again, or download the kubeconfig again.',
    cause,
  });
}

/** Any answer of the server that was not expected where it came, as an error for people. */
export function explainAnswer(error: unknown, what: string): MirrordError | Error {
  if (error instanceof MirrordError) return error;
  if (!(error instanceof ApiError)) return error instanceof Error ? error : new Error(String(error));
  if (error.status === 403) {
    return new MirrordError('cluster', 'api-forbidden', `${what} is not allowed: ${error.message}`, {
      help: 'Ask for the rights in docs/rbac.yaml.',
      cause: error,
    });
  }
  return new MirrordError('cluster', 'api-answer', `${what} failed: ${error.message} (HTTP ${error.status})`, {
    cause: error,
  });
}
