/**
 * A port-forward to an agent that fails at once when there is no agent any more.
 *
 * What a failed port-forward says is no proof: a kubelet that has just started knows no pod, and one whose runtime is
 * away reaches none.  So the pod's own status is asked at the same time.
 */
import type { V1ContainerStatus, V1Pod } from '@kubernetes/client-node';
import { MirrordError } from '../../errors.ts';
import type { Dial } from '../../connection/dial.ts';
import { type PodPort, dialPod } from '../port-forward/dial.ts';
import { isStatus } from '../server/api-error.ts';
import type { Api } from '../server/api.ts';
import type { Server } from '../server/server.ts';
import { describeEnd } from '../targets/readiness.ts';
import type { AgentPlace } from './place.ts';

/** The status of one pod; a server that cannot tell in this time leaves the question open. */
const STATUS_DEADLINE_MS = 5_000;

/** Each dial rejects with `agent-gone` when the pod's status says so, whatever becomes of the port-forward. */
export function agentDial(api: Api, server: Server, place: AgentPlace & PodPort): Dial {
  return async (signal) => {
    const decided = new AbortController();
    const bounded = AbortSignal.any([signal, decided.signal]);
    const ending = howEnded(api, place, bounded);
    const dialled = dialPod(server, place, bounded);
    const gone = ending.then((how) => (how === null ? dialled : Promise.reject(agentGone(place, how))));
    try {
      return await Promise.race([dialled.catch(() => gone), gone]);
    } catch (error) {
      // Too late for us: it is open, or will be, and is not wanted.
      dialled.then(
        (stream) => stream.destroy(),
        () => {},
      );
      throw error;
    } finally {
      decided.abort();
      gone.catch(() => {}); // lost the race: what was decided has been told
    }
  };
}

/** How the agent's container ended, in plain words; null while it runs, and when that is not known. */
async function howEnded(api: Api, { namespace, pod, container }: AgentPlace, signal: AbortSignal) {
  try {
    const path = `/api/v1/namespaces/${namespace}/pods/${pod}`;
    return endOf(await api.get<V1Pod>({ path, signal, deadlineMs: STATUS_DEADLINE_MS }), container);
  } catch (error) {
    return isStatus(error, 404) ? 'its pod no longer exists' : null;
  }
}

export function endOf({ spec, status }: V1Pod, container: string): string | null {
  const all = [...(spec?.containers ?? []), ...(spec?.ephemeralContainers ?? [])];
  // A StatefulSet's next pod has the name of the last.
  if (!all.some(({ name }) => name === container)) return 'its pod has been replaced';
  const statuses: V1ContainerStatus[] = [
    ...(status?.containerStatuses ?? []),
    ...(status?.ephemeralContainerStatuses ?? []),
  ];
  const ended = statuses.find(({ name }) => name === container)?.state?.terminated;
  if (ended !== undefined) {
    return `its container ended (${describeEnd(ended)})`;
  }
  if (status?.phase !== 'Succeeded' && status?.phase !== 'Failed') return null;
  return `its pod has ended${status.reason === undefined ? '' : ` (${status.reason})`}`;
}

function agentGone({ namespace, pod }: AgentPlace, how: string): MirrordError {
  return new MirrordError('agent', 'agent-gone', `The agent in pod ${namespace}/${pod} is gone: ${how}`);
}
