import * as z from 'zod';

/** How a value is written in an environment variable or on the command line. */
export type Kind = 'boolean' | 'number' | 'text' | 'list' | 'numbers';

/** What the schema itself cannot say about a key. */
export interface FieldFacts {
  /** The environment variable that sets it. */
  readonly env?: string;
  readonly kind?: Kind;
  /** Shorter forms that are accepted in a file. */
  readonly shorthand?: 'boolean' | 'text' | 'number';
  /** Words of an environment variable that stand for others, in lower case. */
  readonly words?: Readonly<Record<string, string>>;
  /** A text is split at `;` in a file too. */
  readonly split?: boolean;
  /** How the default reads, where it is not a plain value. */
  readonly default?: string;
  /** The key is ours: mirrord does not know it. */
  readonly ours?: boolean;
}

/** Facts about schemas, for the layers, the JSON schema and the reference page. */
export const facts = z.registry<FieldFacts>();

/** Describes a key; the description is Markdown, and the first thing a user reads of it. */
export function field<S extends z.ZodType>(schema: S, description: string, about: FieldFacts = {}): S {
  const described = schema.describe(description);
  facts.add(described, about);
  return described;
}

export function flag(description: string, value: boolean, about: FieldFacts = {}): z.ZodDefault<z.ZodBoolean> {
  return field(z.boolean().default(value), description, { kind: 'boolean', ...about });
}

export function optionalFlag(description: string, about: FieldFacts = {}): z.ZodOptional<z.ZodBoolean> {
  return field(z.boolean().optional(), description, { kind: 'boolean', ...about });
}

export function text(description: string, about: FieldFacts = {}): z.ZodOptional<z.ZodString> {
  return field(z.string().min(1, 'it is empty').optional(), description, { kind: 'text', ...about });
}

/** A list that may be written as one value, and through the environment with `;`. */
export function list(description: string, about: FieldFacts = {}): z.ZodDefault<z.ZodArray<z.ZodString>> {
  return field(z.array(z.string()).default([]), description, { kind: 'list', shorthand: 'text', ...about });
}

export function optionalList(description: string, about: FieldFacts = {}): z.ZodOptional<z.ZodArray<z.ZodString>> {
  return field(z.array(z.string()).optional(), description, { kind: 'list', shorthand: 'text', ...about });
}

const A_PORT = 'it must be a port: a whole number from 1 to 65535';
export const port = z.number(A_PORT).int(A_PORT).min(1, A_PORT).max(65_535, A_PORT);

/** A list of ports that may be written as one, and through the environment with `;`. */
export function ports(description: string, about: FieldFacts = {}): z.ZodOptional<z.ZodArray<typeof port>> {
  return field(z.array(port).optional(), description, { kind: 'numbers', shorthand: 'number', ...about });
}

export function count(
  description: string,
  [least, most]: readonly [number, number],
  value: number,
  about: FieldFacts = {},
): z.ZodDefault<z.ZodNumber> {
  const reason = `it must be a whole number from ${least} to ${most}`;
  const number = z.number(reason).int(reason).min(least, reason).max(most, reason);
  return field(number.default(value), description, { kind: 'number', ...about });
}

/** A map from names to texts. */
export function texts(description: string): z.ZodDefault<z.ZodRecord<z.ZodString, z.ZodString>> {
  return field(z.record(z.string(), z.string()).default({}), description);
}

/** A key below which further keys stand; all of it may be left out. */
export function group<S extends z.ZodRawShape>(shape: S, description: string, about: FieldFacts = {}) {
  const object = z.strictObject(shape);
  // Every member has a default or is optional, so the empty object is valid input.
  return field(object.prefault({} as z.input<typeof object>), description, about);
}
