/** The rights that a session uses, as docs/rbac.yaml grants them. */
import type { Right } from '../kube/preflight.ts';
import { type Check, failed, ok } from './check.ts';

interface UsedRight extends Right {
  readonly purpose: string;
  /** Without it a session works, with less. */
  readonly isOptional?: boolean;
}

const JOB = "the agent's Job";
const START = 'seeing the agent start';
const WAY = 'the way to the agent';

const needed = (purpose: string, group: string, resource: string, verbs: readonly string[]): UsedRight[] => {
  const [name = '', subresource] = resource.split('/');
  return verbs.map((verb) => ({
    verb,
    group,
    resource: name,
    ...(subresource === undefined ? {} : { subresource }),
    purpose,
  }));
};

const optional = (...given: Parameters<typeof needed>): UsedRight[] =>
  needed(...given).map((right) => ({ ...right, isOptional: true }));

const everywhere = (...given: Parameters<typeof needed>): UsedRight[] =>
  optional(...given).map((right) => ({ ...right, clusterWide: true }));

export const RIGHTS: readonly UsedRight[] = [
  ...needed(JOB, 'batch', 'jobs', ['create', 'get', 'delete']),
  ...needed(START, '', 'pods', ['get', 'list', 'watch']),
  ...needed(START, '', 'pods/log', ['get']),
  ...needed(WAY, '', 'pods/portforward', ['get', 'create']),
  ...optional('telling why an agent does not start', '', 'events', ['list']),
  ...optional('targets', 'apps', 'deployments', ['get']),
  ...optional('targets', 'apps', 'statefulsets', ['get']),
  ...optional('targets', '', 'pods/ephemeralcontainers', ['patch']),
  ...optional("the target's environment", '', 'configmaps', ['get']),
  ...optional("the target's environment", '', 'secrets', ['get']),
  ...everywhere('knowing the namespaces', '', 'namespaces', ['list']),
  ...everywhere('knowing the pod ranges', '', 'nodes', ['list']),
  ...everywhere('knowing the service ranges', 'networking.k8s.io', 'servicecidrs', ['list']),
  ...everywhere('knowing the service ranges', '', 'services', ['list']),
];

export const RIGHT_CHECKS: readonly Check[] = RIGHTS.map((right) => {
  const { verb, resource, subresource, isOptional = false, clusterWide = false, purpose } = right;
  const name = subresource === undefined ? resource : `${resource}/${subresource}`;
  return {
    id: `right-${verb}-${name.replace('/', '-')}`,
    title: `may ${verb} ${name}${clusterWide ? ' of the whole cluster' : ''}`,
    needs: ['api-server'],
    isOptional,
    async run({ cluster }, signal) {
      if (await cluster.allowed(right, signal)) return ok(`for ${purpose}`);
      return failed(`no; needed for ${purpose}`, 'Ask for the rights in docs/rbac.yaml.');
    },
  };
});
