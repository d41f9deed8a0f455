import * as z from 'zod';
import { agentSchema } from './agent-schema.ts';
import { facts, field, flag, group, optionalFlag, optionalList, text, texts, type FieldFacts } from './field.ts';
import { networkSchema } from './network-schema.ts';

const NO_BLANKS = 'it has no blanks or control characters';

const targetSchema = group(
  {
    path: field(
      z.string().default('targetless'),
      '`targetless`, `pod/NAME`, `deployment/NAME`, `statefulset/NAME`, `replicaset/NAME`, `daemonset/NAME`, `job/NAME`, `service/NAME`, `label/KEY=VALUE,...`, each with `/container/NAME` if you like; `netns/NAME`, `process/PID`.',
      { env: 'MIRRORD_IMPERSONATED_TARGET', kind: 'text' },
    ),
    namespace: text("The target's namespace; without a target, where the agent runs.", {
      env: 'MIRRORD_TARGET_NAMESPACE',
      default: "the context's",
    }),
  },
  'Whose network this machine joins. A text, or an object that names a kind, stands for `path`.',
  { shorthand: 'text' },
);

const envSchema = group(
  {
    include: optionalList("Only these of the target's variables come over; `*` and `?` are wildcards.", {
      env: 'MIRRORD_OVERRIDE_ENV_VARS_INCLUDE',
      split: true,
      default: 'all',
    }),
    exclude: optionalList("These of the target's variables do not come over; `*` and `?` are wildcards.", {
      env: 'MIRRORD_OVERRIDE_ENV_VARS_EXCLUDE',
      split: true,
    }),
    override: texts('Variables with a value of your own.'),
    mapping: texts("Regular expressions on variables' names, to the value that they get."),
    unset: optionalList('Variables that are removed, whatever their case.', { split: true }),
    env_file: text('A file of `NAME=VALUE` lines that are added.', { env: 'MIRRORD_OVERRIDE_ENV_FILE' }),
  },
  "The target's environment variables. `false` takes none of them.",
  { shorthand: 'boolean' },
);

/** The configuration: all keys that do something, with their types and defaults. */
export const configSchema = z.strictObject({
  target: targetSchema,
  feature: group({ network: networkSchema, env: envSchema }, 'What comes over from the cluster.'),
  agent: agentSchema,
  kubeconfig: text('Path of the kubeconfig, or several with colons between; `~` is your home.', {
    env: 'MIRRORD_KUBECONFIG',
    default: '`KUBECONFIG`, else `~/.kube/config`',
  }),
  kube_context: text("The kubeconfig's context.", { env: 'MIRRORD_KUBE_CONTEXT', default: 'the current one' }),
  accept_invalid_certificates: optionalFlag("Whether the API server's certificate may be invalid.", {
    env: 'MIRRORD_ACCEPT_INVALID_CERTIFICATES',
    default: "the kubeconfig's",
  }),
  use_proxy: flag('Whether `HTTPS_PROXY` and its kin are used to reach the API server.', true, {
    env: 'MIRRORD_PROXY',
  }),
  key: field(
    z
      .string()
      .min(1, 'it is empty')
      .max(253, 'it has at most 253 characters')
      .regex(/^\S+$/, NO_BLANKS)
      // Apart: readers of the JSON schema in other languages do not know this class.
      .refine((key) => !/(?!\s)\p{Cc}/u.test(key), NO_BLANKS)
      .optional(),
    'Names this session; `{{ key }}` in the file stands for it.',
    { env: 'MIRRORD_KEY', kind: 'text', default: 'random' },
  ),
});

export type ConfigSchema = z.output<typeof configSchema>;

/** One key of the configuration. */
export interface Field {
  /** Dotted. */
  readonly path: string;
  readonly schema: z.ZodType;
  readonly description: string;
  readonly facts: FieldFacts;
  /** Further keys stand below it. */
  readonly isGroup: boolean;
}

/** Every key, a group before its members. */
export const FIELDS: readonly Field[] = collect(configSchema, '');

function collect(object: z.ZodObject, prefix: string): Field[] {
  return Object.entries(object.shape).flatMap(([name, schema]: [string, z.ZodType]): Field[] => {
    const path = prefix === '' ? name : `${prefix}.${name}`;
    const inner = memberObject(schema);
    const self: Field = {
      path,
      schema,
      description: schema.description ?? '',
      facts: facts.get(schema) ?? {},
      isGroup: inner !== null,
    };
    return inner === null ? [self] : [self, ...collect(inner, path)];
  });
}

/** The object below defaults and the like, or null when the key is no group. */
function memberObject(schema: z.ZodType): z.ZodObject | null {
  if (schema instanceof z.ZodObject) return schema;
  if (schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) {
    return memberObject(schema.unwrap() as z.ZodType);
  }
  return null;
}
