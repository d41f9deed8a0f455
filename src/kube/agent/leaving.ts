/**
 * How an agent's end is noticed: its pod is watched for as long as the agent is used.
 *
 * The tunnel alone would learn it late or not at all: a pod that is killed outright says no farewell, and a node that
 * is gone looks like a path that may come back.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { V1Pod } from '@kubernetes/client-node';
import type { Api } from '../server/api.ts';
import { isStatus } from '../server/api-error.ts';
import { observe } from '../server/observe.ts';
import { endOf } from './dial.ts';
import type { AgentPlace } from './place.ts';

/** A server that could not be asked is asked again after this, ms. */
const AGAIN_MS = 2_000;

/**
 * Resolves with the reason when the agent's pod goes or its container has ended; rejects when the signal aborts, or pods
 * may not be read.
 */
export async function agentLeaving(api: Api, place: AgentPlace, signal: AbortSignal): Promise<string> {
  for (;;) {
    try {
      return await watchPod(api, place, signal);
    } catch (error) {
      if (signal.aborted || isStatus(error, 401, 403)) throw error;
      await delay(AGAIN_MS, undefined, { signal });
    }
  }
}

async function watchPod(api: Api, place: AgentPlace, signal: AbortSignal): Promise<string> {
  const path = `/api/v1/namespaces/${place.namespace}/pods`;
  const query = { fieldSelector: `metadata.name=${place.pod}` };
  for await (const change of observe<V1Pod>(api, { path, query }, signal)) {
    const pod = change.kind === 'all' ? change.objects[0] : change.object;
    if (pod === undefined || change.kind === 'gone') return `pod ${place.pod} is gone`;
    const reason = whyLeaving(pod, place.container);
    if (reason !== null) return reason;
  }
  throw signal.reason;
}

/** Null while the agent in `container` can be expected to go on. */
export function whyLeaving(pod: V1Pod, container: string): string | null {
  const name = pod.metadata?.name ?? '';
  if (pod.metadata?.deletionTimestamp !== undefined && pod.metadata.deletionTimestamp !== null) {
    return `pod ${name} is being deleted`;
  }
  const how = endOf(pod, container);
  return how === null ? null : `the agent in pod ${name} is gone: ${how}`;
}
