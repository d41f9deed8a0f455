/** From a target as people name it to one pod and one container. */
import { setTimeout as delay } from 'node:timers/promises';
import type { V1Pod } from '@kubernetes/client-node';
import { MirrordError } from '../../errors.ts';
import { objectBytes } from '../agent/pod-size.ts';
import { nearest } from '../nearest.ts';
import { ApiError, explainAnswer, isStatus } from '../server/api-error.ts';
import type { Api } from '../server/api.ts';
import { observe, type Collection } from '../server/observe.ts';
import { chooseContainer, declaredPorts, identityOf } from './container.ts';
import { collectionPath, selectorOf, type Workload, type WorkloadKind } from './kinds.ts';
import { isReady, newestFirst, whyNotReady } from './readiness.ts';
import { selectorQuery } from './selector.ts';
import type { PodTarget, ResolvedTarget } from './target.ts';

/** A rollout brings a pod in a moment; before that there is nothing to say. */
const QUIET_MS = 500;
/** A workload that is not there is looked for so often: `get` is the one right that is sure to be had. */
const ABSENT_POLL_MS = 1_000;
/** How many pods a message lists. */
const LISTED = 5;

export interface ResolveRequest {
  readonly namespace: string;
  readonly target: PodTarget;
  /** How long to wait for a pod that is ready.  Null: for ever, and for the target itself, which has been there once. */
  readonly timeoutMs: number | null;
}

/**
 * Waits for a ready pod.  Unless it waits for ever: `usage` for what does not exist, `agent` when no pod becomes ready in
 * time.
 */
export async function resolveTarget(
  api: Api,
  request: ResolveRequest,
  report: (text: string) => void,
  signal: AbortSignal,
): Promise<ResolvedTarget> {
  const { timeoutMs } = request;
  const collection = await podsOf(api, request, report, signal);
  const found = new AbortController();
  const end = AbortSignal.any([signal, found.signal, ...(timeoutMs === null ? [] : [AbortSignal.timeout(timeoutMs)])]);
  const pods = new Map<string, V1Pod>();
  let told: string | null = null;
  const tell = (): void => {
    const text =
      request.target.kind === 'pod' && pods.size === 0
        ? absent(request.target)
        : `waiting for a ready pod of ${titleOf(request.target)}${states(pods.values())}`;
    if (text !== told) report(text);
    told = text;
  };
  void delay(QUIET_MS, undefined, { signal: end }).then(tell, () => {
    // Found, or given up, before there was anything to report.
  });
  try {
    for await (const change of observe<V1Pod>(api, collection, end)) {
      if (change.kind === 'all') {
        pods.clear();
        for (const pod of change.objects) pods.set(pod.metadata!.name!, pod);
        if (pods.size === 0 && request.target.kind === 'pod' && timeoutMs !== null) {
          throw await unknown(api, request, signal);
        }
      } else if (change.kind === 'gone') pods.delete(change.object.metadata!.name!);
      else pods.set(change.object.metadata!.name!, change.object);
      const ready = newestFirst([...pods.values()].filter(isReady));
      if (ready.length > 0) return resolved(ready[0], request, ready.length, pods.size);
      if (told !== null) tell();
    }
  } catch (error) {
    signal.throwIfAborted();
    throw explainAnswer(error, `watching the pods of ${titleOf(request.target)}`);
  } finally {
    found.abort();
  }
  signal.throwIfAborted();
  const text = `${titleOf(request.target)} has no ready pod after ${(timeoutMs ?? 0) / 1000} s`;
  throw new MirrordError('agent', 'target-not-ready', `${text}${states(pods.values())}`, {
    help: 'Choose another target (`mirrord ls` lists them), or leave out -t: the session then has a pod of its own.',
  });
}

function resolved(pod: V1Pod, { target, namespace }: ResolveRequest, ready: number, all: number): ResolvedTarget {
  const container = chooseContainer(pod, target.container);
  return {
    namespace,
    pod: pod.metadata!.name!,
    node: pod.spec?.nodeName ?? '',
    container: container.name,
    isContainerGuessed: container.isGuessed,
    addresses: (pod.status?.podIPs ?? []).flatMap((item) => item.ip ?? []),
    identity: identityOf(pod, container.name),
    ports: declaredPorts(pod, container.name),
    hostNetwork: pod.spec?.hostNetwork === true,
    clusterDns: asksClusterDns(pod),
    objectBytes: objectBytes(pod),
    ready,
    pods: all,
  };
}

/** What `None` brings is in its dnsConfig, and may well be the cluster's. */
function asksClusterDns({ spec }: V1Pod): boolean {
  if (spec?.dnsPolicy === 'Default') return false;
  return spec?.hostNetwork !== true || spec.dnsPolicy !== 'ClusterFirst';
}

/** The collection of the target's pods. */
async function podsOf(
  api: Api,
  request: ResolveRequest,
  report: (text: string) => void,
  signal: AbortSignal,
): Promise<Collection> {
  const { target, namespace } = request;
  const path = collectionPath('pod', namespace);
  if (target.kind === 'label') return { path, query: { labelSelector: target.selector } };
  if (target.kind === 'pod') return { path, query: { fieldSelector: `metadata.name=${target.name}` } };
  let workload = await readWorkload(api, request, target.kind, target.name, signal);
  if (workload === null && request.timeoutMs !== null) throw await unknown(api, request, signal);
  if (workload === null) report(absent(target));
  while (workload === null) {
    await delay(ABSENT_POLL_MS, undefined, { signal });
    workload = await readWorkload(api, request, target.kind, target.name, signal);
  }
  const labelSelector = selectorQuery(selectorOf(target.kind, workload));
  if (labelSelector !== '') return { path, query: { labelSelector } };
  throw new MirrordError('usage', 'target-without-pods', `${titleOf(target)} selects no pods: it has no selector.`, {
    help: 'Name the pod, or the workload behind it.',
  });
}

async function readWorkload(
  api: Api,
  { namespace, target }: ResolveRequest,
  kind: WorkloadKind,
  name: string,
  signal: AbortSignal,
): Promise<Workload | null> {
  try {
    return await api.get<Workload>({ path: `${collectionPath(kind, namespace)}/${name}`, signal });
  } catch (error) {
    if (isStatus(error, 404)) return null;
    throw explainAnswer(error, `reading ${titleOf(target)}`);
  }
}

async function unknown(api: Api, { target, namespace }: ResolveRequest, signal: AbortSignal): Promise<MirrordError> {
  const kind = target.kind === 'label' ? 'pod' : target.kind;
  const name = target.kind === 'label' ? '' : target.name;
  const near = nearest(name, await namesOf(api, kind, namespace, signal)).map((item) => `${kind}/${item}`);
  return new MirrordError('usage', 'target-unknown', `There is no ${titleOf(target)} in namespace ${namespace}.`, {
    help: near.length > 0 ? `Available: ${near.join(', ')}.` : `There is no ${kind} in this namespace; is -n right?`,
  });
}

async function namesOf(
  api: Api,
  kind: WorkloadKind | 'pod',
  namespace: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  try {
    const { items } = await api.list<Workload>({ path: collectionPath(kind, namespace), signal });
    return items.map((item) => item.metadata.name);
  } catch (error) {
    // May not be listed: the message does without.
    if (error instanceof ApiError) return [];
    throw error;
  }
}

function titleOf(target: PodTarget): string {
  return `${target.kind}/${target.kind === 'label' ? target.selector : target.name}`;
}

function absent(target: PodTarget): string {
  return `waiting for ${titleOf(target)}, which does not exist yet`;
}

function states(pods: Iterable<V1Pod>): string {
  const all = [...pods];
  if (all.length === 0) return ': it has no pods';
  const told = all.slice(0, LISTED).map((pod) => `${pod.metadata!.name}: ${whyNotReady(pod) ?? 'ready'}`);
  return `\n${told.join('\n')}${all.length > LISTED ? `\n(and ${all.length - LISTED} more)` : ''}`;
}
