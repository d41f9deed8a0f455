/** `mirrord ls`: what can be a target now. */
import { MirrordError } from '../errors.ts';
import type { ListedTarget } from '../kube/targets/target.ts';
import { err, out } from './output.ts';
import { type ClusterFlags, withUserCluster } from './user-cluster.ts';

/** Kubeconfig, credentials and one list per kind. */
const LS_DEADLINE_MS = 30_000;

type TargetKind = ListedTarget['kind'];

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

/** As kubectl has them. */
const SHORT_NAMES: ReadonlyMap<string, TargetKind> = new Map([
  ['deploy', 'deployment'],
  ['sts', 'statefulset'],
  ['ds', 'daemonset'],
  ['rs', 'replicaset'],
  ['svc', 'service'],
  ['po', 'pod'],
]);

export interface LsFlags extends ClusterFlags {
  readonly output: 'json' | 'table' | undefined;
  /** Separated by commas; all of them when undefined. */
  readonly kinds: string | undefined;
  readonly allNamespaces: boolean;
}

export async function runLs(flags: LsFlags): Promise<void> {
  const kinds = parseKinds(flags.kinds);
  const signal = AbortSignal.timeout(LS_DEADLINE_MS);
  await withUserCluster(flags, signal, async (cluster) => {
    const scope = flags.allNamespaces ? null : cluster.namespace;
    const denied: TargetKind[] = [];
    const listed = await cluster.listTargets(scope, kinds, signal, (kind) => denied.push(kind));
    const targets = listed.toSorted(byKindAndName);
    if (denied.length > 0) err.line(`! ${formatDenied(denied, scope)}`);
    const table = flags.output === undefined ? out.isTerminal : flags.output === 'table';
    if (table) out.formatted(targets, (shown) => formatTargets(shown, scope));
    else out.json(targets.flatMap(targetPaths));
  });
}

/** In the form that `--target` takes; a container is named where there are several. */
export function targetPaths({ kind, name, containers }: ListedTarget): readonly string[] {
  const path = `${kind}/${name}`;
  return containers.length > 1 ? containers.map((container) => `${path}/container/${container}`) : [path];
}

/** `scope` null: all namespaces, which then have a column. */
export function formatTargets(targets: readonly ListedTarget[], scope: string | null): string {
  const withNamespace = scope === null;
  if (targets.length === 0) {
    return `Nothing in ${withNamespace ? 'any namespace' : `namespace ${scope} (-A lists all)`} can be a target.\n`;
  }
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

function parseKinds(text: string | undefined): readonly TargetKind[] {
  if (text === undefined) return KINDS;
  return text.split(',').map((word) => {
    const asked = word.trim().toLowerCase();
    const kind = KINDS.find((known) => known === asked || `${known}s` === asked) ?? SHORT_NAMES.get(asked);
    if (kind !== undefined) return kind;
    throw new MirrordError('usage', 'target-kind-unknown', `There is no target of the kind '${word}'.`, {
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
