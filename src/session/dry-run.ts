/** `mirrord up --dry-run`: what a session would route, resolve and keep, found out without changing anything. */
import { loadConfig, clusterOptions, targetOf } from '../config/index.ts';
import { Filter, checkCapture, describeFilter, routePlan, type RoutePlan } from '../filter/index.ts';
import type { UpOptions } from '../ipc/protocol.ts';
import type { MachineFacts, NetworkTargetFacts } from '../machine/facts.ts';
import type { Discovery } from '../kube/cluster.ts';
import { nameRight, requiredRights } from '../kube/rights.ts';
import { DEFAULT_CLUSTER_DOMAIN } from '../names/cluster-names.ts';
import { vouchedNames } from '../names/vouched-names.ts';
import { isReverseZone } from './domains.ts';
import { scopeOf } from './network.ts';
import { takenNames } from './taken-names.ts';

/** What is read of this machine; nothing of it needs root, another user's process aside. */
export interface DryRunMachine {
  facts(): Promise<MachineFacts>;
  networkTarget(target: string): Promise<NetworkTargetFacts>;
}

export interface DryRunSettings {
  readonly cwd: string;
  /** Worth a line at once, whatever comes of the rest. */
  readonly notice: (text: string) => unknown;
}

export interface DryRun {
  readonly target: string;
  /** Null where no Kubernetes is involved. */
  readonly cluster: { readonly context: string; readonly version: string; readonly namespace: string } | null;
  readonly network: RoutePlan;
  readonly dns: { readonly domains: readonly string[]; readonly search: readonly string[] } | null;
  /** What is missing of the rights without which no session of this target comes up; null where no Kubernetes is involved. */
  readonly rights: { readonly missing: readonly MissingRight[] } | null;
  readonly filter: readonly string[];
  readonly notes: readonly string[];
  readonly warnings: readonly string[];
}

interface MissingRight {
  /** `create jobs` */
  readonly right: string;
  readonly purpose: string;
}

interface Surroundings {
  readonly cluster: DryRun['cluster'];
  readonly discovery: Discovery;
  readonly resolvConf: string;
  /** Addresses and names of the API server. */
  readonly own: readonly string[];
  readonly rights: DryRun['rights'];
  readonly warnings: readonly string[];
}

export async function dryRun(
  options: UpOptions,
  machine: DryRunMachine,
  { cwd, notice }: DryRunSettings,
  signal: AbortSignal,
): Promise<DryRun> {
  const stdin = () => process.stdin;
  const { config, notices, warnings } = await loadConfig({ flags: options, env: process.env, cwd, stdin });
  for (const text of notices) notice(text);
  const filter = new Filter(config.feature.network);
  const { kind } = targetOf(config);
  const local = kind === 'netns' || kind === 'process';
  const around = local
    ? await namespaceSurroundings(config.target.path, machine)
    : await clusterSurroundings(clusterOptions(config, cwd), kind, signal);
  const { discovery, own, cluster } = around;
  const names = vouchedNames(around.resolvConf, { byServer: discovery.domains, byUser: filter.domains });
  const taken = takenNames(names, discovery, filter);
  const scoped = filter.within(scopeOf({ discovery, facts: await machine.facts(), own }));
  const network = routePlan(scoped);
  const resolves = options.dns !== 'off' && config.feature.network.dns.enabled;
  return {
    target: config.target.path,
    cluster,
    network,
    rights: around.rights,
    dns: resolves ? { domains: taken.domains, search: taken.machineSearch } : null,
    filter: describeFilter(filter),
    notes: discovery.notes,
    warnings: [...warnings, ...around.warnings, ...checkCapture(scoped, network, own).map(({ text }) => text)],
  };
}

async function namespaceSurroundings(target: string, machine: DryRunMachine): Promise<Surroundings> {
  const { ranges, resolvConf } = await machine.networkTarget(target);
  const discovery = { ranges, namespaces: [], allNamespaces: false, domains: null, notes: [] };
  return { cluster: null, discovery, resolvConf, own: [], rights: null, warnings: [] };
}

async function clusterSurroundings(
  options: ReturnType<typeof clusterOptions>,
  kind: string,
  signal: AbortSignal,
): Promise<Surroundings> {
  const { openCluster } = await import('../kube/open-cluster.ts');
  const cluster = await openCluster({ ...options, signal });
  try {
    const { context, version, namespace, warnings } = cluster;
    const [discovery, missing] = await Promise.all([
      cluster.discover(null, signal),
      cluster.preflight.missing(requiredRights(kind), signal),
    ]);
    const rights = { missing: missing.map((right) => ({ right: nameRight(right), purpose: right.purpose })) };
    const own = [...cluster.serverAddresses(), ...cluster.serverNames()];
    // The pod's own resolv.conf is not known without a pod; nearly every pod has this one.
    const domain = discovery.domains?.[0] ?? DEFAULT_CLUSTER_DOMAIN;
    const resolvConf = `search ${namespace}.svc.${domain} svc.${domain} ${domain}\noptions ndots:5\n`;
    return { cluster: { context, version, namespace }, discovery, resolvConf, own, rights, warnings };
  } finally {
    cluster.close();
  }
}

/** As people read it. */
export function formatDryRun({ target, cluster, rights, network, dns, filter, notes, warnings }: DryRun): string {
  const list = (items: readonly string[]): string => (items.length === 0 ? 'none' : items.join(', '));
  const rules = network.rules.map(
    ({ destination, protocol, port, side }) =>
      `${side === 'local' ? 'local' : 'cluster'}: ${destination}${protocol ? ` ${protocol}` : ''}${port === undefined ? '' : ` port ${port}`}`,
  );
  const lines: readonly (readonly [string, string])[] = [
    ['target', target],
    ...(cluster
      ? [['cluster', `${cluster.context} (${cluster.version}), namespace ${cluster.namespace}`] as const]
      : []),
    ...(rights?.missing ?? []).map(
      ({ right, purpose }) => ['missing', `the right to ${right}, for ${purpose}; see docs/rbac.yaml`] as const,
    ),
    ...(rights?.missing.length === 0 ? [['rights', 'all that a session needs'] as const] : []),
    ['routed', list(network.routes)],
    ['kept', list(network.pins)],
    ...rules.map((rule) => ['rule', rule] as const),
    ...(network.unreachable.length > 0 ? [['closed', list(network.unreachable)] as const] : []),
    ['DNS', dns ? list(dns.domains.filter((domain) => !isReverseZone(domain))) : 'left alone'],
    ...filter.map((line) => ['filter', line] as const),
    ...notes.map((note) => ['note', note] as const),
    ...warnings.map((warning) => ['warning', warning] as const),
  ];
  const body = lines.map(([title, text]) => `  ${title.padEnd(9)}${text}`);
  return ['Dry run: nothing was changed and no agent was started. A dry run needs no root.', ...body, ''].join('\n');
}
