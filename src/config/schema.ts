import * as z from 'zod';
import { agentSchema } from './agent-schema.ts';
import { facts, field, flag, group, optionalFlag, optionalList, text, texts, type FieldFacts } from './field.ts';
import { networkSchema } from './network-schema.ts';

const NO_BLANKS = 'it must not contain spaces or control characters';

const targetSchema = group(
  {
    path: field(
      z.string().default('targetless'),
      '`targetless`, `pod/NAME`, `deployment/NAME`, `statefulset/NAME`, `replicaset/NAME`, `daemonset/NAME`, `job/NAME`, `service/NAME`, `label/KEY=VALUE,...`, each optionally with `/container/NAME`; `netns/NAME`, `process/PID`.',
      { env: 'MIRRORD_IMPERSONATED_TARGET', kind: 'text' },
    ),
    namespace: text("The target's namespace; without a target, where the agent runs.", {
      env: 'MIRRORD_TARGET_NAMESPACE',
      default: "the context's",
    }),
  },
  'The workload whose network this machine joins. A string, or an object that names a kind, is short for `path`.',
  { shorthand: 'text' },
);

const envSchema = group(
  {
    include: optionalList('Take only these variables of the target; `*` and `?` are wildcards.', {
      env: 'MIRRORD_OVERRIDE_ENV_VARS_INCLUDE',
      split: true,
      default: 'all',
    }),
    exclude: optionalList('Do not take these variables of the target; `*` and `?` are wildcards.', {
      env: 'MIRRORD_OVERRIDE_ENV_VARS_EXCLUDE',
      split: true,
    }),
    override: texts('Variables with a value of your own.'),
    mapping: texts('Maps regular expressions on variable names to the value of those variables.'),
    unset: optionalList('Variables to remove, ignoring case.', { split: true }),
    env_file: text('A file of `NAME=VALUE` lines to add.', { env: 'MIRRORD_OVERRIDE_ENV_FILE' }),
  },
  "The target's environment variables. `false` takes none.",
  { shorthand: 'boolean' },
);

/** The configuration: all keys that do something, with their types and defaults. */
export const configSchema = z.strictObject({
  target: targetSchema,
  feature: group({ network: networkSchema, env: envSchema }, 'What is taken from the cluster.'),
  agent: agentSchema,
  kubeconfig: text('Path of the kubeconfig, or several separated by colons; `~` is your home folder.', {
    env: 'MIRRORD_KUBECONFIG',
    default: '`KUBECONFIG`, else `~/.kube/config`',
  }),
  kube_context: text("The kubeconfig's context.", { env: 'MIRRORD_KUBE_CONTEXT', default: 'the current one' }),
  accept_invalid_certificates: optionalFlag('Whether to accept an invalid certificate of the API server.', {
    env: 'MIRRORD_ACCEPT_INVALID_CERTIFICATES',
    default: "the kubeconfig's",
  }),
  use_proxy: flag('Whether `HTTPS_PROXY` and similar variables are used to reach the API server.', true, {
    env: 'MIRRORD_PROXY',
  }),
  key: field(
    z
      .string()
      .min(1, 'it is empty')
      .max(253, 'it must have at most 253 characters')
      .regex(/^\S+$/, NO_BLANKS)
      // Apart: readers of the JSON schema in other languages do not know this class.
      .refine((key) => !/(?!\s)\p{Cc}/u.test(key), NO_BLANKS)
      .optional(),
    'A key for this session; `{{ key }}` in the file is replaced by it.',
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

/** The object below defaults and the like, or null when the key is not a group. */
function memberObject(schema: z.ZodType): z.ZodObject | null {
  if (schema instanceof z.ZodObject) return schema;
  if (schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) {
    return memberObject(schema.unwrap() as z.ZodType);
  }
  return null;
}
