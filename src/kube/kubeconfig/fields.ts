/** Typed access to an entry's fields; a field of the wrong shape is told with file and line of its entry. */
import { MirrordError } from '../../errors.ts';
import type { Entry, Fields } from './file.ts';

/** Empty text counts as unset, as for kubectl. */
export function text(entry: Entry, key: string, fields: Fields = entry.fields): string | undefined {
  const value = fields[key];
  if (value === undefined || value === null || value === '' || value === 'null') return undefined;
  if (typeof value !== 'string') throw misshapen(entry, key, 'text');
  return value;
}

export function flag(entry: Entry, key: string, fields: Fields = entry.fields): boolean {
  // kubectl reads YAML 1.1, in which people may also say yes and On.
  const value = text(entry, key, fields)?.toLowerCase();
  if (value === undefined || ['false', 'no', 'off'].includes(value)) return false;
  if (['true', 'yes', 'on'].includes(value)) return true;
  throw misshapen(entry, key, 'true or false');
}

export function mapping(entry: Entry, key: string, fields: Fields = entry.fields): Fields | undefined {
  const value = fields[key];
  if (value === undefined || value === null || value === '' || value === 'null') return undefined;
  if (typeof value !== 'object' || Array.isArray(value)) throw misshapen(entry, key, 'a mapping');
  return value as Fields;
}

export function texts(entry: Entry, key: string, fields: Fields = entry.fields): readonly string[] {
  const value = list(entry, key, fields);
  if (value.some((item) => typeof item !== 'string')) throw misshapen(entry, key, 'a list of texts');
  return value as string[];
}

export function list(entry: Entry, key: string, fields: Fields = entry.fields): readonly unknown[] {
  const value = fields[key];
  if (value === undefined || value === null || value === '' || value === 'null') return [];
  if (!Array.isArray(value)) throw misshapen(entry, key, 'a list');
  return value;
}

export function misshapen(entry: Entry, key: string, wanted: string): MirrordError {
  return new MirrordError(
    'usage',
    'kubeconfig-invalid',
    `kubeconfig ${entry.file}, line ${entry.line}: ${key} of "${entry.name}" must be ${wanted}`,
    { help: '`kubectl config view` shows how kubectl reads the file.' },
  );
}
