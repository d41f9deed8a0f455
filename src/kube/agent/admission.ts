/** Admission's refusals (quota, Pod Security, policy engines), recognised by their words and told with what to change. */
import { MirrordError } from '../../errors.ts';
import { ApiError, isStatus } from '../server/api-error.ts';

const ELSEWHERE = 'choose another namespace with agent.namespace';

/** Plug-ins answer 403 (and validation 422); a webhook may choose its code, or fail itself, which is a 500. */
export function isAdmissionRefusal(error: unknown): error is ApiError {
  return isStatus(error, 400, 403, 422) || (error instanceof ApiError && /webhook "/.test(error.message));
}

const POD_SECURITY = /violates PodSecurity|security context constraint/;

export function isPodSecurityRefusal(error: unknown): error is ApiError {
  return isAdmissionRefusal(error) && POD_SECURITY.test(error.message);
}

/** `message` is the server's, or the Job controller's event; `otherwise` is what to do where nothing can be changed. */
export function notAdmitted(message: string, what = "the agent's pod", otherwise = ELSEWHERE): MirrordError {
  const said = message.replace(/^Error creating: /, '');
  const text = `${what} is refused: ${said}`;
  if (
    /exceeded quota|failed quota|must specify (limits|requests)|(maximum|minimum) .* usage per|limit to request ratio/.test(
      said,
    )
  ) {
    return new MirrordError('agent', 'agent-quota', text, {
      help: `Set agent.resources to what the quota leaves, or ${otherwise}.`,
    });
  }
  if (POD_SECURITY.test(said)) {
    return new MirrordError('agent', 'agent-pod-security', text, {
      help: `Set agent.security_context to what the namespace allows (null removes a field), or ${otherwise}.`,
    });
  }
  return new MirrordError('agent', 'agent-not-admitted', text, {
    help: `Add what is missing with the agent.* options, or ${otherwise}.`,
  });
}
