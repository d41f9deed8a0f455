/**
 * What a document must look like, as Go's encoding/json sees it: unknown fields are passed over, names are compared with
 * their case, null and nothing are the type's zero value, and nothing is converted: a number is not text.
 */
import type { Json, JsonObject, Reading } from './read.ts';
import { YamlFault } from './read.ts';
import { isBase64 } from './scalar.ts';

/** Turns one value into what it stands for.  Throws a `YamlFault`. */
export type Shape<T> = (value: Json, place: Place) => T;

/** Where a value stands: for messages, and for finding what stands below it. */
export interface Place {
  readonly reading: Reading;
  /** What it is called in messages: the nearest field's name; empty for the whole. */
  readonly field: string;
  readonly line: number;
}

export function shaped<T>(shape: Shape<T>, reading: Reading): T {
  return shape(reading.value, { reading, field: '', line: 1 });
}

export const text: Shape<string> = (value, place) => {
  if (typeof value === 'string') return value;
  if (value === null) return '';
  throw misfit(value, place, 'text');
};

export const flag: Shape<boolean> = (value, place) => {
  if (typeof value === 'boolean') return value;
  if (value === null) return false;
  throw misfit(value, place, 'true or false');
};

/** Written in base64. */
export const bytes: Shape<Buffer> = (value, place) => {
  const encoded = text(value, place);
  if (isBase64(encoded)) return Buffer.from(encoded, 'base64');
  throw new YamlFault(place.line, `${place.field} is not base64`);
};

export const anything: Shape<Json> = (value) => value;

export function listOf<T>(shape: Shape<T>): Shape<readonly T[]> {
  return (value, place) => {
    if (value === null) return [];
    if (!isList(value)) throw misfit(value, place, 'a list');
    const { reading, field } = place;
    return value.map((item, index) => {
      return shape(item, { reading, field: `an element of ${field}`, line: reading.lineOf(value, index) });
    });
  };
}

export function mapOf<T>(shape: Shape<T>): Shape<Readonly<Record<string, T>>> {
  return (value, place) => {
    const fields = mapping(value, place);
    return Object.fromEntries(Object.keys(fields).map((key) => [key, below(shape, fields, key, place)]));
  };
}

export function record<S extends Readonly<Record<string, Shape<unknown>>>>(
  shapes: S,
): Shape<{ readonly [K in keyof S]: ReturnType<S[K]> }> {
  return (value, place) => {
    const fields = mapping(value, place);
    const entries = Object.entries(shapes).map(([key, shape]) => [key, below(shape, fields, key, place)]);
    return Object.fromEntries(entries) as { readonly [K in keyof S]: ReturnType<S[K]> };
  };
}

/** A pointer in Go: null when it is not there. */
export function optional<T>(shape: Shape<T>): Shape<T | null> {
  return (value, place) => (value === null ? null : shape(value, place));
}

/** With the line on which it begins. */
export function located<T extends object>(shape: Shape<T>): Shape<T & { readonly line: number }> {
  return (value, place) => ({ ...shape(value, place), line: place.line });
}

function below<T>(shape: Shape<T>, fields: JsonObject, key: string, { reading }: Place): T {
  const value = Object.hasOwn(fields, key) ? fields[key] : null;
  return shape(value, { reading, field: key, line: reading.lineOf(fields, key) });
}

function mapping(value: Json, place: Place): JsonObject {
  if (value === null) return {};
  if (typeof value === 'object' && !isList(value)) return value;
  throw misfit(value, place, 'a mapping');
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function misfit(value: Json, { field, line }: Place, wanted: string): YamlFault {
  const hint = wanted === 'text' && typeof value !== 'object' ? ': put it in quotes' : '';
  const found = isList(value) ? 'a list' : FOUND[typeof value];
  return new YamlFault(line, `${field === '' ? 'it' : field} must be ${wanted}, but is ${found}${hint}`);
}

const FOUND: Readonly<Record<string, string>> = {
  boolean: 'true or false',
  number: 'a number',
  string: 'text',
  object: 'a mapping',
};
