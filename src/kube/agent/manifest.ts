/**
 * The agent's Job, as an object.  Valid under the Pod Security Standard `restricted` and under quotas, invisible to
 * service meshes, and gone by itself: after its end by TTL, and it ends when no client comes back.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type {
  V1Container,
  V1EphemeralContainer,
  V1Job,
  V1PodTemplateSpec,
  V1ResourceRequirements,
  V1SecurityContext,
} from '@kubernetes/client-node';
import type { AgentOptions, AgentRole } from '../cluster.ts';
import { defined } from '../../defined.ts';
import { FIRST_GROUP } from '../../incoming-groups.ts';

export const CONTAINER = 'agent';
/** Every object of ours carries these; `down --all` finds them by the owner. */
export const MANAGED_BY = 'app.kubernetes.io/managed-by';
export const OWNER = 'mirrord/owner';
const SESSION = 'mirrord/session';

/**
 * Nothing of a mesh belongs into a pod whose connections must leave as they are.  Each mesh wants its own word, some
 * as label, some as annotation, older and newer versions differently.
 */
const NO_MESH_LABELS = { 'sidecar.istio.io/inject': 'false', 'kuma.io/sidecar-injection': 'disabled' };
const NO_MESH_ANNOTATIONS = {
  'sidecar.istio.io/inject': 'false',
  'linkerd.io/inject': 'disabled',
  'kuma.io/sidecar-injection': 'disabled',
  'consul.hashicorp.com/connect-inject': 'false',
};

/**
 * Requests are what it takes when idle (46 MB resident), so that it fits anywhere.  Limits are there because quotas ask
 * for them: memory with room for its windows under load, a whole CPU because less is throttled in slices of 100 ms,
 * which would show as latency.
 */
const RESOURCES: V1ResourceRequirements = {
  requests: { cpu: '20m', memory: '64Mi' },
  limits: { cpu: '1', memory: '256Mi' },
};

/** Any number that is not root: the stock image's own user is root, which `restricted` forbids. */
const UNPRIVILEGED = 65532;

/** Time to reset its flows after SIGTERM. */
const GRACE_SECONDS = 5;

/**
 * The agent of incoming traffic changes the pod's network: root with that one capability, since Kubernetes can give none to
 * another user.  It can neither look into the target's processes nor gain anything else.  Its group is what its redirects
 * let pass.
 */
const INCOMING: V1SecurityContext = {
  runAsNonRoot: false,
  runAsUser: 0,
  runAsGroup: FIRST_GROUP,
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'], add: ['NET_ADMIN'] },
  seccompProfile: { type: 'RuntimeDefault' },
};

export interface AgentContainer {
  readonly role: AgentRole;
  readonly options: AgentOptions;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /**
   * Whom it runs as, beside a target: only the same user, in the same group, may read the environment of the target's
   * process (ptrace(2)).
   */
  readonly identity?: { readonly runAsUser?: number; readonly runAsGroup?: number };
}

export function agentJob(name: string, session: string, agent: AgentContainer): V1Job {
  const labels = { ...agent.options.labels, ...ownLabels(session) };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, labels },
    spec: {
      ttlSecondsAfterFinished: agent.options.ttlSeconds,
      backoffLimit: 0,
      template: podTemplate(labels, agent),
    },
  };
}

function podTemplate(labels: Record<string, string>, agent: AgentContainer): V1PodTemplateSpec {
  const { options } = agent;
  return {
    metadata: {
      labels: { ...NO_MESH_LABELS, ...labels },
      annotations: { ...NO_MESH_ANNOTATIONS, ...options.annotations },
    },
    spec: {
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: GRACE_SECONDS,
      automountServiceAccountToken: false,
      // Keeps a namespace of a thousand services from filling the agent's environment.
      enableServiceLinks: false,
      nodeSelector: { 'kubernetes.io/os': 'linux', ...options.nodeSelector },
      tolerations: [...options.tolerations] as object[],
      ...(options.imagePullSecrets.length === 0
        ? {}
        : { imagePullSecrets: options.imagePullSecrets.map((secret) => ({ name: secret })) }),
      ...defined({ serviceAccountName: options.serviceAccount, priorityClassName: options.priorityClass }),
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        agentContainer(agent, { resources: (options.resources as V1ResourceRequirements | undefined) ?? RESOURCES }),
      ],
    },
  };
}

/** What a Job's container and an ephemeral one have in common, and `more`, which only one of them may have. */
export function agentContainer(
  agent: AgentContainer,
  more: Partial<Pick<V1EphemeralContainer, 'name' | 'resources' | 'targetContainerName'>>,
): V1Container {
  const { options } = agent;
  return {
    name: CONTAINER,
    image: options.image,
    imagePullPolicy: options.imagePullPolicy,
    command: [...agent.command],
    env: Object.entries(agent.env).map(([name, value]) => ({ name, value })),
    securityContext: agent.role === 'incoming' ? INCOMING : securityContext(agent.identity, options.securityContext),
    ...more,
  };
}

/** `agent.security_context` over ours; a null takes a field away (OpenShift chooses runAsUser itself). */
function securityContext(identity: AgentContainer['identity'], given: unknown): V1SecurityContext {
  const merged: Record<string, unknown> = {
    runAsNonRoot: true,
    runAsUser: UNPRIVILEGED,
    // A user without a group gets one from the image, most often root's (0) for want of an entry: the target's, too.
    runAsGroup: identity?.runAsUser === undefined ? UNPRIVILEGED : null,
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
    seccompProfile: { type: 'RuntimeDefault' },
    ...identity,
    ...(given as Record<string, unknown> | undefined),
  };
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null));
}

function ownLabels(session: string): Record<string, string> {
  return {
    'app.kubernetes.io/name': 'mirrord-agent',
    [MANAGED_BY]: 'mirrord',
    [OWNER]: ownerLabel(),
    [SESSION]: labelValue(session),
  };
}

/** The same user on the same machine has the same label; the cluster learns neither name. */
export function ownerLabel(machine = machineId()): string {
  const owner = `${process.getuid?.()}@${hostname()}@${machine}`;
  return createHash('sha256').update(owner).digest('hex').slice(0, 16);
}

/** Beside the host name, since in one cluster there may be many a 1000@ubuntu (machine-id(5)). */
function machineId(): string {
  try {
    return readFileSync('/etc/machine-id', 'utf8').trim();
  } catch {
    // A container has none, but a host name of its own.
    return '';
  }
}

/** Label values are at most 63 of `[A-Za-z0-9._-]`, alphanumeric at both ends. */
function labelValue(name: string): string {
  const clean = name.replace(/[^A-Za-z0-9._-]+/g, '-').slice(0, 63);
  return clean.replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '') || 'unnamed';
}
