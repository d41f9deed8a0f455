/**
 * A folder of kubeconfigs in every form that people and programs write, and what kubectl reads in each (`expected.json`;
 * null where it refuses the file).  The cluster tier holds kubectl itself against it.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const FOLDER = join(import.meta.dirname, 'kubeconfigs');
export const FILES: readonly string[] = readdirSync(FOLDER).filter((name) => name.endsWith('.yaml'));
export const EXPECTED = JSON.parse(readFileSync(join(FOLDER, 'expected.json'), 'utf8')) as Readonly<
  Record<string, object | null>
>;

/** `kubectl config view -o json`, or the same of ours, without what is empty and in the order of names. */
export function comparable(view: object): unknown {
  const { 'current-context': current, ...lists } = view as Readonly<Record<string, unknown>>;
  const sections = ['clusters', 'users', 'contexts'].map((section) => [section, sorted(lists[section])] as const);
  return withoutEmpty({ 'current-context': current, ...Object.fromEntries(sections) });
}

function sorted(list: unknown): unknown {
  const named = (list ?? []) as readonly { readonly name: string }[];
  return named.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function withoutEmpty(value: unknown): unknown {
  if (value instanceof Uint8Array) return value.length === 0 ? undefined : Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map((item) => withoutEmpty(item) ?? null);
  if (typeof value !== 'object' || value === null)
    return value === '' || value === false ? undefined : (value ?? undefined);
  const fields = Object.entries(value).map(([key, field]) => [key, withoutEmpty(field)] as const);
  const kept = fields.filter(([, field]) => field !== undefined);
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}
