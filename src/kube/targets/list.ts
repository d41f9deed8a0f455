/** What can be a target now. */
import type { V1Pod } from '@kubernetes/client-node';
import { MirrordError } from '../../errors.ts';
import { MANAGED_BY } from '../agent/manifest.ts';
import { explainAnswer, isStatus } from '../server/api-error.ts';
import type { Api } from '../server/api.ts';
import { collectionPath, selectorOf, WORKLOAD_KINDS, type Workload, type WorkloadKind } from './kinds.ts';
import { isReady } from './readiness.ts';
import { isSelected } from './selector.ts';
import type { ListedTarget } from './target.ts';

/**
 * `namespace` null: of all namespaces.  Kinds that may not be listed are left out and told to `denied`; pods must be
 * readable.  A ReplicaSet that a Deployment made is left out, its Deployment stands for it; agents are not targets.
 * What a CronJob or an operator made is there: its maker cannot be a target.
 */
export async function listTargets(
  api: Api,
  namespace: string | null,
  kinds: readonly (WorkloadKind | 'pod')[],
  signal: AbortSignal,
  denied: (kind: WorkloadKind) => void,
): Promise<ListedTarget[]> {
  const pods = await listPods(api, namespace, signal);
  const listed: ListedTarget[] = [];
  if (kinds.includes('pod')) listed.push(...pods.map((pod) => describe('pod', pod.metadata!, [pod])));
  const wanted = WORKLOAD_KINDS.filter((kind) => kinds.includes(kind));
  const collections = await Promise.all(wanted.map((kind) => listWorkloads(api, kind, namespace, signal, denied)));
  for (const [i, workloads] of collections.entries()) {
    const kind = wanted[i];
    for (const workload of workloads) {
      if (isOfDeployment(workload)) continue;
      const selector = selectorOf(kind, workload);
      const own = pods.filter(
        (pod) =>
          pod.metadata!.namespace === workload.metadata.namespace && isSelected(selector, pod.metadata!.labels ?? {}),
      );
      if (own.length > 0) listed.push(describe(kind, workload.metadata, own));
    }
  }
  return listed;
}

function isOfDeployment({ metadata }: Workload): boolean {
  return (
    metadata.ownerReferences?.some(({ kind, controller }) => controller === true && kind === 'Deployment') === true
  );
}

async function listPods(api: Api, namespace: string | null, signal: AbortSignal): Promise<V1Pod[]> {
  const query = {
    fieldSelector: 'status.phase!=Succeeded,status.phase!=Failed',
    labelSelector: `${MANAGED_BY}!=mirrord`,
  };
  try {
    return (await api.list<V1Pod>({ path: collectionPath('pod', namespace), query, signal })).items;
  } catch (error) {
    if (namespace === null && isStatus(error, 403)) {
      throw new MirrordError(
        'cluster',
        'api-forbidden',
        `Listing the pods of all namespaces is not allowed: ${error.message}`,
        {
          help: 'Name a namespace with -n, or ask for the rights in docs/rbac.yaml for all namespaces.',
          cause: error,
        },
      );
    }
    throw explainAnswer(error, `listing the pods of ${namespace ?? 'all namespaces'}`);
  }
}

async function listWorkloads(
  api: Api,
  kind: WorkloadKind,
  namespace: string | null,
  signal: AbortSignal,
  denied: (kind: WorkloadKind) => void,
): Promise<readonly Workload[]> {
  try {
    return (await api.list<Workload>({ path: collectionPath(kind, namespace), signal })).items;
  } catch (error) {
    // 404: this server does not have the kind.
    if (isStatus(error, 403)) denied(kind);
    if (isStatus(error, 403, 404)) return [];
    throw explainAnswer(error, `listing ${kind}s`);
  }
}

function describe(
  kind: WorkloadKind | 'pod',
  metadata: { readonly name?: string; readonly namespace?: string },
  pods: readonly V1Pod[],
): ListedTarget {
  return {
    kind,
    name: metadata.name!,
    namespace: metadata.namespace!,
    containers: [...new Set(pods.flatMap((pod) => pod.spec?.containers.map((container) => container.name) ?? []))],
    ready: pods.filter(isReady).length,
    pods: pods.length,
  };
}
