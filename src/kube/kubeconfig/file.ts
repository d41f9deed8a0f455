/** One kubeconfig file, read as client-go reads it (clientcmd's `Load`): the whole of it is good, or none of it. */
import { readFileSync } from 'node:fs';
import { MirrordError } from '../../errors.ts';
import { readYaml, YamlFault } from '../yaml/read.ts';
import { shaped } from '../yaml/shape.ts';
import { config, type ClusterFields, type ContextFields, type UserFields } from './config.ts';

/** A named element of `clusters`, `users` or `contexts`.  What is not there is empty. */
export interface Entry<T = unknown> {
  readonly name: string;
  readonly fields: T;
  /** Where it stands, for messages and for relative paths. */
  readonly file: string;
  readonly line: number;
}

export type ClusterEntry = Entry<ClusterFields>;
export type UserEntry = Entry<UserFields>;
export type ContextEntry = Entry<ContextFields>;

export interface KubeconfigFile {
  readonly file: string;
  /** Empty when there is none. */
  readonly currentContext: string;
  readonly clusters: readonly ClusterEntry[];
  readonly users: readonly UserEntry[];
  readonly contexts: readonly ContextEntry[];
}

/** Null when there is no such file. */
export function readKubeconfigFile(file: string): KubeconfigFile | null {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    if (isCode(error, 'ENOENT')) return null;
    throw new MirrordError('usage', 'kubeconfig-unreadable', `Kubeconfig ${file} cannot be read: ${reasonOf(error)}`, {
      help: 'Check the path and its permissions, or name another file with --kubeconfig.',
      cause: error,
    });
  }
  return parseKubeconfig(file, bytes);
}

export function parseKubeconfig(file: string, bytes: Uint8Array): KubeconfigFile {
  try {
    const read = shaped(config, readYaml(bytes));
    if (!['', 'Config'].includes(read.kind)) throw new YamlFault(1, `its kind is ${read.kind}, not Config`);
    if (!['', 'v1', '/v1'].includes(read.apiVersion))
      throw new YamlFault(1, `its apiVersion is ${read.apiVersion}, not v1`);
    return {
      file,
      currentContext: read['current-context'],
      clusters: entries(file, 'clusters', read.clusters, ({ cluster }) => cluster),
      users: entries(file, 'users', read.users, ({ user }) => user),
      contexts: entries(file, 'contexts', read.contexts, ({ context }) => context),
    };
  } catch (error) {
    if (!(error instanceof YamlFault)) throw error;
    throw new MirrordError('usage', 'kubeconfig-invalid', `Kubeconfig ${file}, line ${error.line}: ${error.message}`, {
      help: '`kubectl config view` shows how kubectl reads the file.',
      cause: error,
    });
  }
}

function entries<N extends { readonly name: string; readonly line: number }, T>(
  file: string,
  kind: string,
  list: readonly N[],
  fieldsOf: (element: N) => T,
): Entry<T>[] {
  const names = new Set<string>();
  return list.map((element) => {
    const { name, line } = element;
    if (names.has(name)) throw new YamlFault(line, `two ${kind} are named "${name}"`);
    names.add(name);
    return { name, fields: fieldsOf(element), file, line };
  });
}

/** What the shape of a file cannot tell: fields that do not go together. */
export function contradictory(entry: Entry, reason: string): MirrordError {
  const place = `kubeconfig ${entry.file}, line ${entry.line}: "${entry.name}"`;
  return new MirrordError('usage', 'kubeconfig-invalid', `${place} ${reason}`, {
    help: '`kubectl config view` shows how kubectl reads the file.',
  });
}

export function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === code;
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
