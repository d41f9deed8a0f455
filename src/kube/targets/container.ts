/** Which container of a pod is meant. */
import type { V1Container, V1ContainerStatus, V1Pod } from '@kubernetes/client-node';
import { MirrordError } from '../../errors.ts';
import type { TargetContainer } from '../../peer/environment.ts';
import { nearest } from '../nearest.ts';
import type { ResolvedTarget } from './target.ts';
import { defined } from '../../defined.ts';

/** kubectl's own (`kubectl logs`, `kubectl exec`). */
const DEFAULT_CONTAINER = 'kubectl.kubernetes.io/default-container';

/** Helpers that others put beside the program that people mean. */
const SIDECARS = new Set([
  'istio-proxy',
  'linkerd-proxy',
  'kuma-sidecar',
  'consul-dataplane',
  'envoy',
  'envoy-sidecar',
  'vault-agent',
  'cloud-sql-proxy',
  'cloudsql-proxy',
  'daprd',
  'fluent-bit',
  'fluentd',
  'filebeat',
  'otel-collector',
  'otc-container',
  'jaeger-agent',
  'datadog-agent',
  'nginx-proxy',
  'oauth2-proxy',
]);

export interface ChosenContainer {
  readonly name: string;
  /** It was not named, and there were others. */
  readonly isGuessed: boolean;
}

export function chooseContainer(pod: V1Pod, wanted: string | undefined): ChosenContainer {
  const names = (pod.spec?.containers ?? []).map((container) => container.name);
  if (wanted !== undefined) {
    const all = lasting(pod).map(({ name }) => name);
    if (all.includes(wanted)) return { name: wanted, isGuessed: false };
    const text = `Pod ${pod.metadata?.name} has no container "${wanted}".`;
    throw new MirrordError('usage', 'container-unknown', text, {
      help: `Available: ${nearest(wanted, all).join(', ')}.`,
    });
  }
  const annotated = pod.metadata?.annotations?.[DEFAULT_CONTAINER];
  if (annotated !== undefined && names.includes(annotated)) return { name: annotated, isGuessed: false };
  const name = names.find((item) => !SIDECARS.has(item)) ?? names[0];
  return { name, isGuessed: names.length > 1 };
}

/** Those that run as long as the pod; an init container does when it is a sidecar of Kubernetes' own kind (from 1.28). */
function lasting({ spec }: V1Pod): readonly V1Container[] {
  return [
    ...(spec?.containers ?? []),
    ...(spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always'),
  ];
}

/** As the runtime tells it, where it does (from 1.33, with containerd 2 or CRI-O); else as the manifest has it. */
export function identityOf(pod: V1Pod, container: string): ResolvedTarget['identity'] {
  const status = statusOf(pod, container);
  const own = lasting(pod).find(({ name }) => name === container)?.securityContext;
  const runAsUser = status?.user?.linux?.uid ?? own?.runAsUser ?? pod.spec?.securityContext?.runAsUser;
  const runAsGroup = status?.user?.linux?.gid ?? own?.runAsGroup ?? pod.spec?.securityContext?.runAsGroup;
  if (runAsUser === undefined || runAsUser === 0) return {};
  return { runAsUser, ...defined({ runAsGroup }) };
}

export function declaredPorts(pod: V1Pod, container: string): readonly number[] {
  const { ports = [] } = lasting(pod).find(({ name }) => name === container) ?? {};
  return ports.filter(({ protocol = 'TCP' }) => protocol === 'TCP').map(({ containerPort }) => containerPort);
}

/** What the agent needs to find the container's process, as it runs now. */
export function targetContainer(pod: V1Pod, name: string): TargetContainer {
  const { spec, metadata } = pod;
  // `containerd://` and the like, then the id.
  const id = /^[\w-]+:\/\/([\da-f]{64})$/.exec(statusOf(pod, name)?.containerID ?? '')?.[1] ?? '';
  const sharesProcesses = spec?.shareProcessNamespace === true || spec?.hostPID === true;
  return { name, id, podUid: metadata?.uid ?? '', sharesProcesses };
}

function statusOf(pod: V1Pod, container: string): V1ContainerStatus | undefined {
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
  return [...containerStatuses, ...initContainerStatuses].find(({ name }) => name === container);
}
