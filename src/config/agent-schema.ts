import * as z from 'zod';
import { count, field, flag, group, text, texts } from './field.ts';

/** A stock image; all that the agent needs is Node. */
export const DEFAULT_AGENT_IMAGE = 'docker.io/library/node:24-slim';

/** Kubernetes' quantities: `100m`, `64Mi`, `1.5`. */
const QUANTITY = /^[+-]?([0-9]+|[0-9]+\.[0-9]*|\.[0-9]+)([numkKMGTPE]i?|[eE][+-]?[0-9]+)?$/;
const NO_QUANTITY = 'it is not a quantity, such as 100m or 64Mi';
const quantity = z.union([z.string().regex(QUANTITY, NO_QUANTITY), z.number()], NO_QUANTITY);
const quantities = z.record(z.string(), quantity).optional();

const toleration = z.strictObject({
  key: z.string().optional(),
  operator: z.enum(['Exists', 'Equal'], 'it must be "Exists" or "Equal"').optional(),
  value: z.string().optional(),
  effect: z
    .enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute'], 'it must be "NoSchedule", "PreferNoSchedule" or "NoExecute"')
    .optional(),
  tolerationSeconds: z.number().int().optional(),
});

/** Open connections survive a lost path for so long, and the agent with them, whatever shorter time is asked for; seconds. */
export const LEAST_WAIT = 120;
/** How the agent asks the cluster's DNS where nothing else is said; it does so anyway. */
export const AGENT_DNS = { timeout: 1, attempts: 1 } as const;
/** mirrord's own agent, which its users' files name. */
const FOREIGN_IMAGE = /(^|\/)metalbear-co\/mirrord(:|@|$)/;

/** The image to start: a file made for mirrord may name one that has no Node. */
export function startableImage(image: string): string {
  return FOREIGN_IMAGE.test(image) ? DEFAULT_AGENT_IMAGE : image;
}

export const agentSchema = group(
  {
    image: field(
      z
        .string()
        .regex(/^[^\s]+$/, 'an image name must not contain spaces')
        .default(DEFAULT_AGENT_IMAGE),
      'The image that the agent runs in; any image with Node 24 works. Also `{ "registry": ..., "tag": ... }`.',
      { env: 'MIRRORD_AGENT_IMAGE', kind: 'text' },
    ),
    image_pull_policy: field(
      z
        .enum(['IfNotPresent', 'Always', 'Never'], 'it must be "IfNotPresent", "Always" or "Never"')
        .default('IfNotPresent'),
      'When the image is pulled.',
      { env: 'MIRRORD_AGENT_IMAGE_PULL_POLICY', kind: 'text' },
    ),
    image_pull_secrets: field(
      z.array(z.strictObject({ name: z.string().min(1) })).default([]),
      'Secrets to pull the image with: `[{ "name": "my-secret" }]`.',
    ),
    namespace: text(
      "The namespace of the agent's Job when there is a target. Without one, the Job is in `target.namespace`.",
      {
        env: 'MIRRORD_AGENT_NAMESPACE',
        default: "the target's",
      },
    ),
    labels: texts("Labels of the agent's Job and pod."),
    annotations: texts("Annotations of the agent's Job and pod."),
    tolerations: field(z.array(toleration).default([{ operator: 'Exists' }]), "The pod's tolerations."),
    node_selector: texts('Labels of the nodes that the agent may run on; only without a target.'),
    resources: field(
      z
        .strictObject({
          requests: field(quantities, 'What Kubernetes reserves for it.'),
          limits: field(quantities, 'Its upper limits.'),
        })
        .optional(),
      "The container's requests and limits.",
      { default: 'small requests' },
    ),
    service_account: text("The pod's service account.", { env: 'MIRRORD_AGENT_SERVICE_ACCOUNT', default: 'default' }),
    priority_class: text("The pod's priority class.", { env: 'MIRRORD_AGENT_PRIORITY_CLASS' }),
    ttl: count('How long Kubernetes keeps the Job after its end, in seconds.', [0, 65_535], 1, {
      env: 'MIRRORD_AGENT_TTL',
    }),
    startup_timeout: count('How long to wait for the agent, in seconds.', [1, 86_400], 60, {
      env: 'MIRRORD_AGENT_STARTUP_TIMEOUT',
    }),
    communication_timeout: count(
      `How long the agent and open connections survive without the client, in seconds. Never less than ${LEAST_WAIT}.`,
      [1, 65_535],
      30,
      {
        env: 'MIRRORD_AGENT_COMMUNICATION_TIMEOUT',
      },
    ),
    dns: group(
      {
        timeout: count("How long the agent waits for the cluster's DNS, in seconds.", [1, 60], AGENT_DNS.timeout, {
          env: 'MIRRORD_AGENT_DNS_TIMEOUT',
        }),
        attempts: count('How many times it asks.', [1, 10], AGENT_DNS.attempts, { env: 'MIRRORD_AGENT_DNS_ATTEMPTS' }),
      },
      "How the agent asks the cluster's DNS.",
    ),
    ephemeral: flag("Whether the agent runs as an ephemeral container in the target's pod; needs a target.", false, {
      env: 'MIRRORD_EPHEMERAL_CONTAINER',
    }),
    security_context: field(
      z.record(z.string(), z.unknown()).optional(),
      "Additions to the container's security context, in Kubernetes' own terms.",
      { default: 'restricted' },
    ),
    log_level: field(
      z.string().min(1, 'it is empty').default('info'),
      'How much the agent logs: `error`, `warn`, `info`, `debug`, `trace`.',
      { env: 'MIRRORD_AGENT_RUST_LOG', kind: 'text' },
    ),
  },
  "The agent's pod.",
);
