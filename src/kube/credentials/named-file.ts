/** Files that a kubeconfig names. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { MirrordError } from '../../errors.ts';
import { text } from '../kubeconfig/fields.ts';
import { reasonOf, type Entry } from '../kubeconfig/file.ts';

/** `X-data` (base64) wins over `X` (a path), as in client-go. */
export function dataOrFile(entry: Entry, key: string): Buffer | undefined {
  const data = text(entry, `${key}-data`);
  if (data !== undefined) return Buffer.from(data, 'base64');
  const file = text(entry, key);
  return file === undefined ? undefined : readNamed(entry, key, file);
}

/** Relative to the kubeconfig that names it. */
export function readNamed(entry: Entry, key: string, file: string): Buffer {
  const full = path.resolve(path.dirname(entry.file), file);
  try {
    return readFileSync(full);
  } catch (error) {
    const where = `kubeconfig ${entry.file}, line ${entry.line}`;
    throw new MirrordError('usage', 'credentials-unreadable', `${where}: ${key} ${full}: ${reasonOf(error)}`, {
      help: 'Check the path (relative ones start at the kubeconfig) and its permissions, or fetch the kubeconfig anew.',
      cause: error,
    });
  }
}
