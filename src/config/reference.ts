import * as z from 'zod';
import { LOCAL_NAMES } from '../environment/index.ts';
import { IGNORED } from './ignored.ts';
import { FIELDS, type Field } from './schema.ts';

/** The reference page: every key with its type, default, environment variable and meaning. */
export function referencePage(): string {
  return [
    '# Configuration reference',
    '',
    'Generated from the types by `scripts/schema.ts`; [configuration.md](configuration.md) explains how the keys work together.',
    'A key marked "ours" is new here: the original mirrord does not know it.',
    '',
    ...FIELDS.flatMap(section),
    '## Keys without effect',
    '',
    'They are accepted so that existing files work. There is a warning if the value asks for something that does not happen anyway.',
    '',
    '| key | why it does nothing |',
    '| --- | --- |',
    ...[...IGNORED].map(([key, reason]) => `| \`${key}\` | ${cell(reason)} |`),
    '',
    '## Variables that stay here',
    '',
    'What `exec` and `env` never take from the target, unless `feature.env.include` has the exact name (a wildcard does not',
    'count; `["*", "NAME"]` takes all and NAME). A `*` stands for any ending, and such names are compared without case.',
    '',
    ...LOCAL_NAMES.map(({ reason, names }) => `- ${reason}: ${code(names)}`),
    '',
  ].join('\n');
}

function section(field: Field): string[] {
  const { path, description, facts } = field;
  const depth = Math.min(path.split('.').length + 1, 5);
  const lines = [`${'#'.repeat(depth)} \`${path}\``, '', description, ''];
  const rows: (readonly [string, string])[] = [['type', typeText(field)]];
  const standard = defaultText(field);
  if (standard !== null) rows.push(['default', standard]);
  if (facts.env !== undefined) rows.push(['environment', `\`${facts.env}\``]);
  if (facts.ours === true) rows.push(['ours', 'yes']);
  return [...lines, ...rows.map(([name, value]) => `- ${name}: ${value}`), ''];
}

function typeText({ schema, facts, isGroup }: Field): string {
  const base = isGroup ? 'object' : describe(schema);
  if (facts.shorthand === 'boolean') return `${base}, or \`true\` or \`false\``;
  if (facts.shorthand === 'text')
    return facts.split === true ? `${base}, or one text with \`;\` between` : `${base}, or a text`;
  return facts.shorthand === 'number' ? `${base}, or one` : base;
}

function describe(schema: z.ZodType): string {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return describe(schema.unwrap() as z.ZodType);
  }
  if (schema instanceof z.ZodEnum) return schema.options.map((option) => `\`"${option}"\``).join(', ');
  if (schema instanceof z.ZodUnion) return schema.options.map((option) => describe(option as z.ZodType)).join(', or ');
  if (schema instanceof z.ZodArray) return `list of ${elements(schema.element as z.ZodType)}`;
  if (schema instanceof z.ZodRecord) return 'object of names to values';
  if (schema instanceof z.ZodBoolean) return '`true` or `false`';
  if (schema instanceof z.ZodNumber) return 'whole number';
  return schema instanceof z.ZodString ? 'text' : 'object';
}

function elements(schema: z.ZodType): string {
  if (schema instanceof z.ZodString) return 'texts';
  if (schema instanceof z.ZodNumber) return 'whole numbers';
  return schema instanceof z.ZodTuple ? 'pairs' : 'objects';
}

function defaultText({ schema, facts, isGroup }: Field): string | null {
  if (facts.default !== undefined) return facts.default;
  if (isGroup || !(schema instanceof z.ZodDefault)) return null;
  const value: unknown = schema.def.defaultValue;
  const isEmpty = typeof value === 'object' && value !== null && Object.keys(value).length === 0;
  return isEmpty ? 'none' : `\`${JSON.stringify(value)}\``;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

function code(names: string): string {
  return names
    .split(' ')
    .map((name) => `\`${name}\``)
    .join(' ');
}
