/** The rights that a session uses, as docs/rbac.yaml grants them. */
import type { Right } from './preflight.ts';
import { apiGroup, WORKLOAD_KINDS } from './targets/kinds.ts';
import { defined } from '../defined.ts';

export interface UsedRight extends Right {
  /** What it is for, in a few words. */
  readonly purpose: string;
  /** Without it a session of any target works, with less. */
  readonly isOptional?: boolean;
}

const JOB = "the agent's Job";
const START = 'seeing the agent start';
const WAY = 'connecting to the agent';
const TARGETS = 'targets';

const needed = (purpose: string, group: string, resource: string, verbs: readonly string[]): UsedRight[] => {
  const [name = '', subresource] = resource.split('/');
  return verbs.map((verb) => ({
    verb,
    group,
    resource: name,
    ...defined({ subresource }),
    purpose,
  }));
};

const optional = (...given: Parameters<typeof needed>): UsedRight[] =>
  needed(...given).map((right) => ({ ...right, isOptional: true }));

const everywhere = (...given: Parameters<typeof needed>): UsedRight[] =>
  optional(...given).map((right) => ({ ...right, clusterWide: true }));

const OF_ALL: readonly UsedRight[] = [
  ...needed(START, '', 'pods', ['get', 'list', 'watch']),
  ...needed(START, '', 'pods/log', ['get']),
  ...needed(WAY, '', 'pods/portforward', ['get', 'create']),
];
const OF_JOB: readonly UsedRight[] = needed(JOB, 'batch', 'jobs', ['create', 'get', 'delete']);
const OF_CONTAINER: readonly UsedRight[] = needed(TARGETS, '', 'pods/ephemeralcontainers', ['patch']);

/** What `doctor` looks at: without a target, a session needs what is not optional. */
export const RIGHTS: readonly UsedRight[] = [
  ...OF_JOB,
  ...OF_ALL,
  ...optional('explaining why an agent does not start', '', 'events', ['list']),
  ...optional(TARGETS, 'apps', 'deployments', ['get']),
  ...optional(TARGETS, 'apps', 'statefulsets', ['get']),
  ...OF_CONTAINER.map((right) => ({ ...right, isOptional: true })),
  ...optional("the target's environment", '', 'configmaps', ['get']),
  ...optional("the target's environment", '', 'secrets', ['get']),
  ...everywhere('finding the namespaces', '', 'namespaces', ['list']),
  ...everywhere('finding the pod ranges', '', 'nodes', ['list']),
  ...everywhere('finding the service ranges', 'networking.k8s.io', 'servicecidrs', ['list']),
  ...everywhere('finding the service ranges', '', 'services', ['list']),
];

/** Without which a session of such a target does not come up.  `kind`: also `pod`, `label` and `targetless`. */
export function requiredRights(kind: string): readonly UsedRight[] {
  if (kind === 'targetless') return [...OF_JOB, ...OF_ALL];
  const workload = WORKLOAD_KINDS.find((each) => each === kind);
  return [
    ...OF_ALL,
    ...OF_CONTAINER,
    ...(workload === undefined ? [] : needed(TARGETS, apiGroup(workload), `${workload}s`, ['get'])),
  ];
}

/** `create jobs`, `list nodes of the whole cluster`. */
export function nameRight({ verb, resource, subresource, clusterWide = false }: Right): string {
  const name = subresource === undefined ? resource : `${resource}/${subresource}`;
  return `${verb} ${name}${clusterWide ? ' of the whole cluster' : ''}`;
}
