/** Files that a kubeconfig names. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { MirrordError } from '../../errors.ts';
import { reasonOf, type ClusterEntry, type Entry } from '../kubeconfig/file.ts';

/** `KEY-data` wins over `KEY`, a path, as in client-go; undefined without either. */
export function dataOrFile(entry: Entry, key: string, data: Buffer, file: string): Buffer | undefined {
  if (data.length > 0) return data;
  return file === '' ? undefined : readNamed(entry, key, file);
}

/** Relative to the kubeconfig that names it. */
export function readNamed(entry: Entry, key: string, file: string): Buffer {
  const full = path.resolve(path.dirname(entry.file), file);
  try {
    return readFileSync(full);
  } catch (error) {
    const where = `kubeconfig ${entry.file}, line ${entry.line}`;
    throw new MirrordError('usage', 'credentials-unreadable', `${where}: ${key} ${full}: ${reasonOf(error)}`, {
      help: 'Check the path (relative ones start at the kubeconfig) and its permissions, or download the kubeconfig again.',
      cause: error,
    });
  }
}

export function authorityOf(cluster: ClusterEntry): Buffer | undefined {
  const { 'certificate-authority': file, 'certificate-authority-data': data } = cluster.fields;
  return dataOrFile(cluster, 'certificate-authority', data, file);
}
