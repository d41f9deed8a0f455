/**
 * One kubeconfig file, read but not yet interpreted.
 *
 * Every scalar is taken as text (YAML's failsafe schema): a context may be called `007`, a token may be all digits, and
 * neither is a number to us.
 */
import { readFileSync } from 'node:fs';
import { LineCounter, isMap, isScalar, isSeq, parseDocument, type Document, type Node, type YAMLMap } from 'yaml';
import { MirrordError } from '../../errors.ts';

/** A named element of `clusters`, `users` or `contexts`. */
export interface Entry {
  readonly name: string;
  readonly fields: Fields;
  /** Where it stands, for messages and for relative paths. */
  readonly file: string;
  readonly line: number;
}

/** A YAML mapping with nothing but text, lists and mappings in it. */
export type Fields = Readonly<Record<string, unknown>>;

export interface KubeconfigFile {
  readonly file: string;
  readonly currentContext: string | undefined;
  readonly clusters: readonly Entry[];
  readonly users: readonly Entry[];
  readonly contexts: readonly Entry[];
}

/** Null when there is no such file. */
export function readKubeconfigFile(file: string): KubeconfigFile | null {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (isCode(error, 'ENOENT')) return null;
    throw new MirrordError('usage', 'kubeconfig-unreadable', `kubeconfig ${file} cannot be read: ${reasonOf(error)}`, {
      help: 'Check the path and its permissions, or name another file with --kubeconfig.',
      cause: error,
    });
  }
  return parseKubeconfig(file, text);
}

export function parseKubeconfig(file: string, text: string): KubeconfigFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, schema: 'failsafe', uniqueKeys: false });
  const lineOf = (node: Node | null | undefined): number => lines.linePos(node?.range?.[0] ?? 0).line;
  const broken = document.errors[0];
  if (broken !== undefined) {
    const line = broken.linePos?.[0].line ?? 1;
    throw invalid(file, line, broken.message.split('\n')[0].replace(/ at line \d+, column \d+:?$/, ''));
  }
  const root = document.contents;
  if (isNothing(root)) return { file, currentContext: undefined, clusters: [], users: [], contexts: [] };
  if (!isMap(root)) throw invalid(file, lineOf(root), 'it is not a mapping with clusters, users and contexts');
  const list = (key: string, member: string): Entry[] => entries(document, root, key, member, file, lineOf);
  const current = root.get('current-context');
  return {
    file,
    currentContext: typeof current === 'string' && current !== '' ? current : undefined,
    clusters: list('clusters', 'cluster'),
    users: list('users', 'user'),
    contexts: list('contexts', 'context'),
  };
}

function entries(
  document: Document,
  root: YAMLMap,
  key: string,
  member: string,
  file: string,
  lineOf: (node: Node | null | undefined) => number,
): Entry[] {
  const list = root.get(key, true) as Node | undefined;
  if (isNothing(list)) return [];
  if (!isSeq(list)) throw invalid(file, lineOf(list), `${key} is not a list`);
  return list.items.map((item) => {
    const node = item as Node;
    if (!isMap(node)) throw invalid(file, lineOf(node), `an element of ${key} is not a mapping`);
    const name = node.get('name');
    if (typeof name !== 'string') throw invalid(file, lineOf(node), `an element of ${key} has no name`);
    const body = node.get(member, true) as Node | undefined;
    // `user: {}`, `user: null` and no user at all are the same: an anonymous one.
    if (isNothing(body)) return { name, fields: {}, file, line: lineOf(node) };
    if (!isMap(body)) throw invalid(file, lineOf(body), `${member} of "${name}" is not a mapping`);
    return { name, fields: body.toJS(document) as Fields, file, line: lineOf(node) };
  });
}

function isNothing(node: unknown): boolean {
  return (
    node === undefined ||
    node === null ||
    (isScalar(node) && (node.value === '' || node.value === 'null' || node.value === '~'))
  );
}

function invalid(file: string, line: number, reason: string): MirrordError {
  return new MirrordError('usage', 'kubeconfig-invalid', `kubeconfig ${file}, line ${line}: ${reason}`, {
    help: '`kubectl config view` shows how kubectl reads the file.',
  });
}

export function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === code;
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
