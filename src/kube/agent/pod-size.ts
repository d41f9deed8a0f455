/**
 * How much a pod's object can take.
 *
 * Each agent leaves some 2.5 kB in its pod's object for good, spec, status and managed fields together.  etcd takes 1.5 MiB
 * for one object (--max-request-bytes); a pod that has come so far cannot even report that it has ended, and hangs in
 * Terminating.  So nothing is added long before.
 */
import type { V1Pod } from '@kubernetes/client-node';
import { MirrordError } from '../../errors.ts';
import type { ResolvedTarget } from '../targets/target.ts';

/** From here on people are told, bytes. */
const REMARKABLE = 300_000;
/** No agent is added beyond, bytes: a third of etcd's limit is left to the pod itself and to what others add. */
const MOST = 1_000_000;

type Sized = Pick<ResolvedTarget, 'pod' | 'namespace' | 'objectBytes'>;

/** As JSON, which is a little more than what etcd holds. */
export function objectBytes(pod: V1Pod): number {
  return Buffer.byteLength(JSON.stringify(pod));
}

/** Null for a pod with room for many. */
export function sizeWarning({ pod, objectBytes: bytes }: Sized): string | null {
  if (bytes < REMARKABLE) return null;
  return (
    `The object of pod ${pod} has ${kilobytes(bytes)}, and each targeted session adds 2.5 kB to it for good; ` +
    `from ${kilobytes(MOST)} on no more are started. A new pod (kubectl rollout restart) starts empty.`
  );
}

/** Throws when one more agent could harm the pod. */
export function checkRoom({ namespace, pod, objectBytes: bytes }: Sized, otherwise: string): void {
  if (bytes < MOST) return;
  const text = `pod ${namespace}/${pod} takes no more agents: its object has ${kilobytes(bytes)}, and the limit is ${kilobytes(MOST)}`;
  throw new MirrordError('agent', 'agent-pod-full', text, {
    help: `Near 1.5 MB Kubernetes cannot even delete it. Delete the pod so that its workload creates a new one, or ${otherwise}.`,
  });
}

function kilobytes(bytes: number): string {
  return `${Math.floor(bytes / 1_000)} kB`;
}
