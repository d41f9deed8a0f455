/** `mirrord ls`: what can be a target now. */
import { MirrordError } from '../errors.ts';
import { type TargetKind, targetKind } from '../target-kinds.ts';
import { parseTarget } from '../config/index.ts';
import type { ListedTarget } from '../kube/targets/target.ts';
import { listed } from './listed.ts';
import type { Format } from './output-format.ts';
import { err, out } from './output.ts';
import { type ClusterFlags, withUserCluster } from './user-cluster.ts';

/** Kubeconfig, credentials and one list per kind. */
const LS_DEADLINE_MS = 30_000;

/** More namespaces than this are counted, not listed. */
const LISTED = 10;

/** In the order in which people look for them. */
export const KINDS: readonly TargetKind[] = [
  'deployment',
  'statefulset',
  'daemonset',
  'replicaset',
  'job',
  'service',
  'pod',
];

export interface LsFlags extends ClusterFlags {
  readonly format: Format;
  /** Only this one: `deployment/web`, or a name of any kind. */
  readonly target: string | undefined;
  /** Separated by commas; all of them when undefined. */
  readonly kinds: string | undefined;
  readonly allNamespaces: boolean;
}

export async function runLs(flags: LsFlags): Promise<void> {
  const kinds = parseKinds(flags.kinds);
  const isAskedFor = parseWanted(flags.target);
  const signal = AbortSignal.timeout(LS_DEADLINE_MS);
  await withUserCluster(flags, signal, async (cluster) => {
    const scope = flags.allNamespaces ? null : cluster.namespace;
    const denied: TargetKind[] = [];
    const all = await cluster.listTargets(scope, kinds, signal, (kind) => denied.push(kind));
    const targets = all.filter(isAskedFor).toSorted(byKindAndName);
    if (denied.length > 0) err.entry('warning', '', formatDenied(denied, scope));
    if (flags.format !== 'table') return out.answer(flags.format, targets.flatMap(targetPaths), String);
    if (targets.length > 0 || scope === null) return out.formatted(targets, (shown) => formatTargets(shown, scope));
    const elsewhere = await cluster.listTargets(null, kinds, signal, () => undefined).catch(() => []);
    out.formatted(elsewhere.filter(isAskedFor), (shown) => formatElsewhere(shown, scope));
  });
}

/** Where the targets are that a namespace has not. */
export function formatElsewhere(targets: readonly ListedTarget[], namespace: string): string {
  const nothing = `Nothing in namespace ${namespace} can be a target`;
  if (targets.length === 0) return `${nothing}; -A lists all namespaces.\n`;
  const counts = [...Map.groupBy(targets, (target) => target.namespace)].map(([name, { length }]) => ({
    name,
    length,
  }));
  // What a cluster is made of itself comes last.
  const isSystem = ({ name }: { readonly name: string }): number => Number(name.startsWith('kube-'));
  const sorted = counts.toSorted((a, b) => isSystem(a) - isSystem(b) || b.length - a.length);
  const places = listed(
    sorted.map(({ name, length }) => `${name} (${length})`),
    LISTED,
  );
  return `${nothing}. Targets are in: ${places}.\nList them with -n NAMESPACE, or all with -A.\n`;
}

/** In the form that `--target` takes; a container is named where there are several. */
export function targetPaths({ kind, name, containers }: ListedTarget): readonly string[] {
  const path = `${kind}/${name}`;
  return containers.length > 1 ? containers.map((container) => `${path}/container/${container}`) : [path];
}

/** `scope` null: all namespaces, which then have a column. */
export function formatTargets(targets: readonly ListedTarget[], scope: string | null): string {
  const withNamespace = scope === null;
  if (targets.length === 0) return 'Nothing in any namespace can be a target.\n';
  const rows = [
    { namespace: 'NAMESPACE', path: 'TARGET', ready: 'READY', containers: 'CONTAINERS' },
    ...targets.map(({ namespace, kind, name, ready, pods, containers }) => ({
      namespace,
      path: `${kind}/${name}`,
      ready: `${ready}/${pods}`,
      containers: containers.join(', '),
    })),
  ];
  const width = (column: 'namespace' | 'path' | 'ready'): number =>
    Math.max(...rows.map((row) => row[column].length)) + 2;
  const widths = { namespace: width('namespace'), path: width('path'), ready: width('ready') };
  return rows
    .map(({ namespace, path, ready, containers }) =>
      [
        withNamespace ? namespace.padEnd(widths.namespace) : '',
        path.padEnd(widths.path),
        ready.padEnd(widths.ready),
        containers,
        '\n',
      ].join(''),
    )
    .join('');
}

export function formatDenied(kinds: readonly TargetKind[], namespace: string | null): string {
  const where = namespace === null ? 'all namespaces' : `namespace ${namespace}`;
  const names = kinds.toSorted((a, b) => KINDS.indexOf(a) - KINDS.indexOf(b)).map((kind) => `${kind}s`);
  return `You may not list ${names.join(', ')} of ${where}; docs/rbac.yaml has the rights.`;
}

/** What of the list is meant by `-t`. */
function parseWanted(text: string | undefined): (target: ListedTarget) => boolean {
  if (text === undefined) return () => true;
  const words = text.split(',').map((word) => word.trim());
  if (words.every((word) => targetKind(word.toLowerCase()) !== undefined)) {
    throw new MirrordError('usage', 'usage', `The flag -t takes a target, and ${text} is a kind.`, {
      help: `Kinds go with a flag of their own: mirrord ls --kinds ${text}`,
    });
  }
  if (!text.includes('/')) return ({ name }) => name === text;
  const parsed = parseTarget(text);
  const reason = 'reason' in parsed ? parsed.reason : 'such a target is not listed by name';
  if ('reason' in parsed || !('name' in parsed.target) || parsed.target.kind === 'netns') {
    throw new MirrordError('usage', 'usage', `-t ${text}: ${reason}.`, { help: 'See: mirrord ls --help' });
  }
  const { kind, name } = parsed.target;
  return (target) => target.kind === kind && target.name === name;
}

function parseKinds(text: string | undefined): readonly TargetKind[] {
  if (text === undefined) return KINDS;
  return text.split(',').map((word) => {
    const kind = targetKind(word.trim().toLowerCase());
    if (kind !== undefined) return kind;
    throw new MirrordError('usage', 'target-kind-unknown', `There is no target kind '${word}'.`, {
      help: `Kinds are ${KINDS.join(', ')}.`,
    });
  });
}

function byKindAndName(a: ListedTarget, b: ListedTarget): number {
  return (
    KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) ||
    a.namespace.localeCompare(b.namespace) ||
    a.name.localeCompare(b.name)
  );
}
