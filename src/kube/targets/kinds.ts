/** The kinds of objects that have pods, and where each keeps the selector of its pods. */
import type { V1LabelSelector } from '@kubernetes/client-node';
import { TARGET_KINDS, type TargetKind } from '../../target-kinds.ts';

export type WorkloadKind = Exclude<TargetKind, 'pod'>;

export interface Workload {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly ownerReferences?: readonly { readonly kind: string; readonly controller?: boolean }[];
  };
  /** A Service's selector is a plain map of labels. */
  readonly spec?: { readonly selector?: V1LabelSelector | Readonly<Record<string, string>> };
}

export const WORKLOAD_KINDS: readonly WorkloadKind[] = TARGET_KINDS.filter((kind) => kind !== 'pod');

const GROUPS: Readonly<Record<WorkloadKind, string>> = {
  deployment: '/apis/apps/v1',
  statefulset: '/apis/apps/v1',
  replicaset: '/apis/apps/v1',
  daemonset: '/apis/apps/v1',
  job: '/apis/batch/v1',
  service: '/api/v1',
};

/** The path of a kind's collection; `namespace` null: of all namespaces. */
export function collectionPath(kind: WorkloadKind | 'pod', namespace: string | null): string {
  const group = kind === 'pod' ? '/api/v1' : GROUPS[kind];
  return `${group}${namespace === null ? '' : `/namespaces/${namespace}`}/${kind}s`;
}

/** As rights name it: `apps`; the core group is `''`. */
export function apiGroup(kind: WorkloadKind): string {
  const [, root, group = ''] = GROUPS[kind].split('/');
  return root === 'apis' ? group : '';
}

export function selectorOf(kind: WorkloadKind, workload: Workload): V1LabelSelector {
  const selector = workload.spec?.selector ?? {};
  return kind === 'service' ? { matchLabels: selector as Record<string, string> } : selector;
}
