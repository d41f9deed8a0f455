/** Whether a pod can be a target now, and if not, why. */
import type { V1ContainerStateTerminated, V1ContainerStatus, V1Pod } from '@kubernetes/client-node';

export function isReady(pod: V1Pod): boolean {
  return whyNotReady(pod) === null;
}

/** Null when the pod is running, ready and not being deleted; else its state in a few words. */
export function whyNotReady(pod: V1Pod): string | null {
  if (pod.metadata?.deletionTimestamp !== undefined && pod.metadata.deletionTimestamp !== null) return 'being deleted';
  const phase = pod.status?.phase ?? 'Pending';
  const statuses = pod.status?.containerStatuses ?? [];
  const waiting = statuses.find((status) => status.state?.waiting !== undefined)?.state?.waiting;
  // Between its end and the back-off a container waits for nothing yet.
  const ended = statuses.find((status) => status.state?.terminated !== undefined);
  const condition = pod.status?.conditions?.find(({ type, status }) => type === 'Ready' && status === 'True');
  if (phase === 'Running' && condition !== undefined) return null;
  const because = pod.status?.conditions?.find(({ status, message }) => status === 'False' && message);
  const detail = waiting?.message ?? waiting?.reason ?? endOf(ended) ?? because?.message ?? '';
  return `${phase === 'Running' ? 'not ready' : phase}${detail === '' ? '' : `: ${detail}`}`;
}

function endOf(status: V1ContainerStatus | undefined): string | undefined {
  const end = status?.state?.terminated;
  return end && `container ${status?.name} ended (${describeEnd(end)})`;
}

/** `OOMKilled, exit code 137`. */
export function describeEnd({ exitCode, reason, signal }: V1ContainerStateTerminated): string {
  const how = signal ? `signal ${signal}` : `exit code ${exitCode}`;
  return reason === undefined || reason === 'Error' ? how : `${reason}, ${how}`;
}

/** The newest first: where a rollout is on, the older ones are about to go. */
export function newestFirst(pods: readonly V1Pod[]): V1Pod[] {
  const born = (pod: V1Pod): string => String(pod.metadata?.creationTimestamp ?? '');
  return pods.toSorted((a, b) => born(b).localeCompare(born(a)) || a.metadata!.name!.localeCompare(b.metadata!.name!));
}
