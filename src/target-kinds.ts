/** The kinds of Kubernetes objects that may be a target: those that are pods, or have them. */

export const TARGET_KINDS = ['pod', 'deployment', 'statefulset', 'replicaset', 'daemonset', 'job', 'service'] as const;
export type TargetKind = (typeof TARGET_KINDS)[number];

/** As kubectl has them. */
const SHORT_NAMES: ReadonlyMap<string, TargetKind> = new Map([
  ['po', 'pod'],
  ['deploy', 'deployment'],
  ['sts', 'statefulset'],
  ['rs', 'replicaset'],
  ['ds', 'daemonset'],
  ['svc', 'service'],
]);

/** A kind as kubectl takes it: by its plural and its short name, too. */
export function targetKind(word: string): TargetKind | undefined {
  return TARGET_KINDS.find((known) => known === word || `${known}s` === word) ?? SHORT_NAMES.get(word);
}
