/** Admission's refusals (quota, Pod Security, policy engines), recognised by their words and told with what to change. */
import { MirrordError } from '../../errors.ts';

/** `message` is the server's, or the Job controller's event. */
export function notAdmitted(message: string): MirrordError {
  const said = message.replace(/^Error creating: /, '');
  const text = `the agent's pod is refused: ${said}`;
  if (/exceeded quota|failed quota|must specify (limits|requests)|(maximum|minimum) .* usage per/.test(said)) {
    return new MirrordError('agent', 'agent-quota', text, {
      help: 'Set agent.resources to what the quota leaves, or choose another namespace with agent.namespace.',
    });
  }
  if (/violates PodSecurity|security context constraint/.test(said)) {
    return new MirrordError('agent', 'agent-pod-security', text, {
      help: 'Set agent.security_context to what the namespace allows (a null takes a field away), or choose another namespace with agent.namespace.',
    });
  }
  return new MirrordError('agent', 'agent-not-admitted', text, {
    help: 'Set what is missing with the agent.* options, or choose another namespace with agent.namespace.',
  });
}
