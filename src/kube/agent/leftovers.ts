/** Removes the Jobs that this user's sessions have left in the cluster. */
import type { V1Job } from '@kubernetes/client-node';
import { explainAnswer, isStatus } from '../server/api-error.ts';
import type { Api } from '../server/api.ts';
import { MANAGED_BY, OWNER, ownerLabel } from './manifest.ts';

/**
 * Looks in all namespaces where it may, else in `namespace` alone.  Resolves to `NAMESPACE/job/NAME` of what it removed;
 * a Job that ended meanwhile is none.
 */
export async function removeLeftovers(api: Api, namespace: string, signal: AbortSignal): Promise<readonly string[]> {
  const removed: string[] = [];
  for (const { metadata } of await jobs(api, namespace, signal)) {
    const name = metadata?.name ?? '';
    const place = metadata?.namespace ?? namespace;
    try {
      await api.delete({
        path: `/apis/batch/v1/namespaces/${place}/jobs/${name}`,
        body: { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Background' },
        signal,
      });
      removed.push(`${place}/job/${name}`);
    } catch (error) {
      if (!isStatus(error, 404)) throw explainAnswer(error, `deleting job ${place}/${name}`);
    }
  }
  return removed;
}

async function jobs(api: Api, namespace: string, signal: AbortSignal): Promise<readonly V1Job[]> {
  const query = { labelSelector: `${MANAGED_BY}=mirrord,${OWNER}=${ownerLabel()}` };
  try {
    return (await api.list<V1Job>({ path: '/apis/batch/v1/jobs', query, signal })).items;
  } catch (error) {
    if (!isStatus(error, 403)) throw explainAnswer(error, 'listing the Jobs of agents');
  }
  try {
    return (await api.list<V1Job>({ path: `/apis/batch/v1/namespaces/${namespace}/jobs`, query, signal })).items;
  } catch (error) {
    throw explainAnswer(error, `listing the Jobs of agents in namespace ${namespace}`);
  }
}
