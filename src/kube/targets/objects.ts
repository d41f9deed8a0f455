/** What a target's pod refers to: the objects that its environment is put together from. */
import type { V1ConfigMap, V1Node, V1Pod, V1Secret, V1Service } from '@kubernetes/client-node';
import { MirrordError } from '../../errors.ts';
import type { TargetContainer } from '../../peer/environment.ts';
import { explainAnswer, isStatus } from '../server/api-error.ts';
import type { Api } from '../server/api.ts';
import { targetContainer } from './container.ts';
import type { ResolvedTarget } from './target.ts';

/** Each reads once, and again when called again.  Null: there is none.  Rejects with what may not be read, by name. */
export interface TargetObjects {
  readonly pod: V1Pod;
  readonly container: TargetContainer;
  configMap(name: string): Promise<V1ConfigMap | null>;
  secret(name: string): Promise<V1Secret | null>;
  /** Of the pod's namespace, and `kubernetes` of the namespace `default`. */
  services(): Promise<readonly V1Service[]>;
  /** `status.allocatable` of the pod's node. */
  nodeAllocatable(): Promise<Record<string, string> | null>;
}

const MASTER_NAMESPACE = 'default';

export async function targetObjects(api: Api, target: ResolvedTarget, signal: AbortSignal): Promise<TargetObjects> {
  const objects = `/api/v1/namespaces/${encodeURIComponent(target.namespace)}`;
  const read = async <T>(path: string, title: string): Promise<T | null> => {
    try {
      return await api.get<T>({ path, signal });
    } catch (error) {
      if (isStatus(error, 404)) return null;
      throw explainAnswer(error, `reading ${title}`);
    }
  };
  const pod = await read<V1Pod>(`${objects}/pods/${encodeURIComponent(target.pod)}`, `pod ${target.pod}`);
  if (pod === null) {
    throw new MirrordError(
      'agent',
      'target-gone',
      `Pod ${target.pod} is gone, and its replacement does not exist yet.`,
      {
        help: '`mirrord status` says what the session waits for.',
      },
    );
  }
  return {
    pod,
    container: targetContainer(pod, target.container),
    configMap: (name) => read(`${objects}/configmaps/${encodeURIComponent(name)}`, `ConfigMap ${name}`),
    secret: (name) => read(`${objects}/secrets/${encodeURIComponent(name)}`, `Secret ${name}`),
    services: async () => {
      const [own, master] = await Promise.all([
        listServices(api, objects, signal),
        read<V1Service>(`/api/v1/namespaces/${MASTER_NAMESPACE}/services/kubernetes`, 'Service kubernetes'),
      ]);
      return master === null || target.namespace === MASTER_NAMESPACE ? own : [...own, master];
    },
    nodeAllocatable: async () => {
      const node = await read<V1Node>(`/api/v1/nodes/${encodeURIComponent(target.node)}`, `node ${target.node}`);
      return node?.status?.allocatable ?? null;
    },
  };
}

async function listServices(api: Api, objects: string, signal: AbortSignal): Promise<readonly V1Service[]> {
  try {
    return (await api.list<V1Service>({ path: `${objects}/services`, signal })).items;
  } catch (error) {
    throw explainAnswer(error, 'listing services');
  }
}
