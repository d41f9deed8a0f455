/**
 * What a pod's status says about one of its containers: still coming (and what is being waited for), running, ended, or
 * never going to run.  Pure; the words are the cluster's own.
 */
import type { V1ContainerStatus, V1Pod } from '@kubernetes/client-node';
import { MirrordError } from '../../errors.ts';

export type Diagnosis =
  | { readonly kind: 'waiting'; readonly text: string }
  | { readonly kind: 'running' }
  | { readonly kind: 'ended'; readonly text: string; readonly help: string }
  /** No more waiting helps. */
  | { readonly kind: 'failed'; readonly error: MirrordError };

const IMAGE_HELP =
  'Check agent.image (any image with Node 24 works, also one from your own registry), agent.image_pull_secrets and whether the nodes can reach the registry.';
const CONFIG_HELP = 'Check agent.image, agent.security_context and what is mounted into the pod.';

/** The kubelet's reasons (pkg/kubelet/images/types.go, pkg/kubelet/container/sync_result.go) that do not pass by waiting. */
const FATAL: Readonly<Record<string, readonly [code: string, what: string, help: string]>> = {
  ErrImagePull: ['agent-image', 'cannot be pulled', IMAGE_HELP],
  ImagePullBackOff: ['agent-image', 'cannot be pulled', IMAGE_HELP],
  ErrImageNeverPull: [
    'agent-image',
    'is not on the node, and agent.image_pull_policy forbids pulling it',
    'Set agent.image_pull_policy to IfNotPresent, or load the image into the node.',
  ],
  InvalidImageName: ['agent-image', 'is not a valid image name', 'Correct agent.image.'],
  ImageInspectError: ['agent-image', 'cannot be read on the node', IMAGE_HELP],
  RegistryUnavailable: ['agent-image', 'cannot be pulled', IMAGE_HELP],
  SignatureValidationFailed: ['agent-image', 'is not signed as the node requires', IMAGE_HELP],
  CreateContainerConfigError: ['agent-container', 'cannot be set up', CONFIG_HELP],
  CreateContainerError: ['agent-container', 'cannot be created', CONFIG_HELP],
  RunContainerError: ['agent-container', 'cannot be started', CONFIG_HELP],
  CrashLoopBackOff: ['agent-container', 'keeps ending', 'Its log says why.'],
};

const UNREMARKABLE: ReadonlySet<string> = new Set(['', 'ContainerCreating', 'PodInitializing']);

/** The runtime's word for a program that could not be executed at all; docker's shim has its own. */
const NEVER_BEGUN: ReadonlySet<string> = new Set(['StartError', 'ContainerCannotRun']);

export function diagnose(pod: V1Pod, container: string): Diagnosis {
  const name = pod.metadata?.name ?? '';
  const status = statusOf(pod, container);
  const state = status?.state;
  if (state?.running !== undefined) return { kind: 'running' };
  if (state?.terminated !== undefined) {
    const { exitCode, reason, signal, message } = state.terminated;
    if (reason !== undefined && NEVER_BEGUN.has(reason)) {
      const text = `the agent's container cannot be started (${reason})${message ? `: ${message.trim()}` : ''}`;
      return failed('agent-container', text, `Does the image ${imageOf(pod, container)} contain Node? ${CONFIG_HELP}`);
    }
    const how = signal ? `killed by signal ${signal}` : `exit code ${exitCode}`;
    const help =
      reason === 'OOMKilled' ? 'It needs more memory: raise agent.resources.limits.memory.' : `Its log says why.`;
    const isTelling = reason !== undefined && reason !== 'Error' && reason !== 'Completed';
    // Of a plain end the log is shown.
    return { kind: 'ended', text: isTelling ? `${reason}, ${how}${message ? `: ${message}` : ''}` : how, help };
  }
  const waiting = state?.waiting;
  const before = waiting?.reason === 'PodInitializing' ? stuckBefore(pod) : undefined;
  if (before !== undefined) return before;
  const fatal = waiting?.reason === undefined ? undefined : FATAL[waiting.reason];
  if (waiting !== undefined && fatal !== undefined) {
    const [code, what, help] = fatal;
    const subject = code === 'agent-image' ? `the image ${imageOf(pod, container)}` : "the agent's container";
    const said = waiting.message === undefined ? '' : `: ${waiting.message}`;
    return failed(code, `${subject} ${what} (${waiting.reason})${said}`, help);
  }
  if (pod.status?.phase === 'Failed') {
    const { reason, message } = pod.status;
    const said = [reason, message].filter((part) => part !== undefined && part !== '').join(': ');
    return failed('agent-pod-failed', `pod ${name} failed${said === '' ? '' : `: ${said}`}`, 'Try again.');
  }
  if (pod.metadata?.deletionTimestamp !== undefined && pod.metadata.deletionTimestamp !== null) {
    return failed(
      'agent-pod-failed',
      `pod ${name} is being deleted`,
      'It was deleted by a user or by a drain of its node.',
    );
  }
  const scheduled = pod.status?.conditions?.find((condition) => condition.type === 'PodScheduled');
  if (scheduled?.status === 'False') {
    const text = `pod ${name} cannot be scheduled: ${scheduled.message ?? scheduled.reason ?? ''}`;
    if (scheduled.reason === 'Unschedulable') {
      return failed(
        'agent-unschedulable',
        text,
        'Check agent.node_selector, agent.tolerations and agent.resources; where nodes are added on demand, try again in a minute.',
      );
    }
    return { kind: 'waiting', text };
  }
  if (pod.spec?.nodeName === undefined) return { kind: 'waiting', text: 'waiting for a node' };
  return { kind: 'waiting', text: `on node ${pod.spec.nodeName}, ${awaited(pod, waiting?.reason)}` };
}

/** A webhook may have put init containers of its own in front of the agent, and those may be what does not start. */
function stuckBefore(pod: V1Pod): Diagnosis | undefined {
  for (const { name, state } of pod.status?.initContainerStatuses ?? []) {
    const { reason = '', message = '' } = state?.waiting ?? {};
    const fatal = FATAL[reason];
    if (fatal === undefined) continue;
    const what = fatal[0] === 'agent-image' ? `the image ${imageOf(pod, name)} of init container ${name}` : name;
    return failed(
      'agent-container',
      `${what}, which the cluster added before the agent, ${fatal[1]} (${reason}): ${message}`,
      'Find out which mutating webhook adds it, and exclude the agent with agent.labels and agent.annotations.',
    );
  }
  return undefined;
}

function awaited(pod: V1Pod, reason = ''): string {
  const running = pod.status?.initContainerStatuses?.find(({ state }) => state?.running !== undefined);
  if (running !== undefined) return `waiting for init container ${running.name}`;
  return UNREMARKABLE.has(reason) ? 'starting' : reason;
}

/** The same, told by an event: `message` names the image. */
export function imageFailure(message: string): MirrordError {
  return new MirrordError('agent', 'agent-image', `The agent's image cannot be pulled: ${message}`, {
    help: IMAGE_HELP,
  });
}

function failed(code: string, message: string, help: string): Diagnosis {
  return { kind: 'failed', error: new MirrordError('agent', code, message, { help }) };
}

function statusOf(pod: V1Pod, container: string): V1ContainerStatus | undefined {
  const { containerStatuses = [], ephemeralContainerStatuses = [] } = pod.status ?? {};
  return [...containerStatuses, ...ephemeralContainerStatuses].find((status) => status.name === container);
}

function imageOf(pod: V1Pod, container: string): string {
  const { containers = [], ephemeralContainers = [], initContainers = [] } = pod.spec ?? {};
  return (
    [...containers, ...ephemeralContainers, ...initContainers].find((item) => item.name === container)?.image ?? ''
  );
}
