import * as z from 'zod';
import { facts } from './field.ts';
import { IGNORED } from './ignored.ts';
import { configSchema } from './schema.ts';

type JsonSchema = Record<string, unknown>;

/** The JSON schema of a configuration file, for editors: every key, in every form that a file may use. */
export function jsonSchema(): JsonSchema {
  const root = z.toJSONSchema(configSchema, {
    io: 'input',
    override: ({ zodSchema, jsonSchema: node }) => addForms(zodSchema, node as JsonSchema),
  }) as JsonSchema;
  for (const [key, reason] of IGNORED) addKey(root, key, { description: `Accepted, but without effect: ${reason}.` });
  addKey(root, '$schema', { type: 'string' });
  addForm(root, 'agent.image', {
    type: 'object',
    properties: { registry: { type: 'string' }, tag: { type: 'string' } },
    additionalProperties: false,
  });
  const targetPath = { type: 'object', additionalProperties: { type: 'string' } };
  addForm(root, 'target.path', targetPath);
  addForm(root, 'target', targetPath);
  addForm(root, 'feature.network.dns.hosts.*', { type: 'string' });
  addForm(root, 'agent.image_pull_secrets.[]', { type: 'string' });
  return { ...root, title: 'mirrord configuration' };
}

const TYPES = { boolean: 'boolean', text: 'string', number: 'integer' } as const;

/** Booleans for groups, a text or a number for lists of them, as `FieldFacts.shorthand` says. */
function addForms(schema: z.core.$ZodType, node: JsonSchema): void {
  const shorthand = facts.get(schema)?.shorthand;
  if (shorthand === undefined) return;
  wrap(node, { type: TYPES[shorthand] });
}

/** Turns a node into a choice between what it was and `form`; what describes both stays outside. */
function wrap(node: JsonSchema, form: JsonSchema): void {
  const { description, default: standard, ...rest } = node;
  for (const key of Object.keys(rest)) delete node[key];
  const forms = Array.isArray(rest['anyOf']) ? (rest['anyOf'] as JsonSchema[]) : [rest];
  node['anyOf'] = [...forms, form];
  if (description !== undefined) node['description'] = description;
  if (standard !== undefined) node['default'] = standard;
}

function addForm(root: JsonSchema, key: string, form: JsonSchema): void {
  wrap(find(root, key), form);
}

function addKey(root: JsonSchema, key: string, node: JsonSchema): void {
  const dot = key.lastIndexOf('.');
  const parent = objectForm(dot < 0 ? root : find(root, key.slice(0, dot)));
  const properties = parent['properties'] as JsonSchema;
  properties[key.slice(dot + 1)] = node;
}

/** The node of a dotted key; `*` stands for a map's values, `[]` for a list's elements. */
function find(root: JsonSchema, key: string): JsonSchema {
  return key.split('.').reduce((node, part) => {
    const form = objectForm(node);
    const next =
      part === '*'
        ? form['additionalProperties']
        : part === '[]'
          ? form['items']
          : (form['properties'] as JsonSchema | undefined)?.[part];
    if (typeof next !== 'object' || next === null) throw new Error(`the schema has no ${key}`);
    return next as JsonSchema;
  }, root);
}

/** Of a node with shorthands, the form that has members. */
function objectForm(node: JsonSchema): JsonSchema {
  const forms = node['anyOf'] as JsonSchema[] | undefined;
  return forms?.find((form) => form['type'] === 'object' || form['type'] === 'array') ?? node;
}
