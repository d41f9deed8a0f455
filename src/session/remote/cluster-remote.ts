/** A Kubernetes cluster as the remote: the agent runs in a pod, a port-forward carries it. */
import { readFile } from 'node:fs/promises';
import { agentProgram } from '../../agent/loader.ts';
import { type Config, type Target, agentOptions, clusterOptions, formatTarget, targetOf } from '../../config/index.ts';
import { resolveDeclaredEnvironment } from '../../environment/index.ts';
import { sizeWarning } from '../../kube/agent/pod-size.ts';
import type { AgentRequest, Cluster } from '../../kube/cluster.ts';
import type { PodTarget, ResolvedTarget } from '../../kube/targets/target.ts';
import type { Remain } from '../../ipc/protocol.ts';
import type { AgentStarter, StartedAgent } from '../agents/starter.ts';
import { SessionRemains } from '../remains.ts';
import type { Remote, RemoteReport } from './remote.ts';

export interface ClusterRemoteOptions {
  readonly config: Config;
  readonly session: string;
  readonly cwd: string;
  readonly agentBundle: string;
  readonly report: RemoteReport;
  readonly remains: (remains: readonly Remain[]) => void;
  readonly signal: AbortSignal;
}

export async function openClusterRemote(options: ClusterRemoteOptions): Promise<Remote> {
  const { config, cwd, report, signal } = options;
  // Imported only where it is needed: a namespace target has no use for it.
  const { openCluster } = await import('../../kube/open-cluster.ts');
  const cluster = await openCluster({
    ...clusterOptions(config, cwd),
    report: (text) => report('cluster', 'running', text),
    signal,
  });
  const { context, server, version, namespace } = cluster;
  report('cluster', 'done', `${context} (${version}), namespace ${namespace}`);
  const bundle = await readFile(options.agentBundle);
  // The pod that the agent is in now; another one after a rollout.
  let current: ResolvedTarget | null = null;
  return {
    target: config.target.path,
    cluster: { context, server, version, namespace },
    transport: 'port-forward',
    warnings: cluster.warnings,
    agents: agentSource(cluster, options, bundle, (resolved) => {
      current = resolved;
    }),
    ownAddresses: () => cluster.serverAddresses(),
    ownNames: () => cluster.serverNames(),
    isLoggingIn: () => cluster.isLoggingIn,
    onOwnAddresses: (callback) => {
      cluster.onServerAddresses = callback;
    },
    discover: (info, until) =>
      cluster.discover(
        info.then(({ serviceHost }) => serviceHost),
        until,
      ),
    async declaredTarget(until) {
      if (current === null) return null;
      const objects = await cluster.targetObjects(current, until);
      const environment = await resolveDeclaredEnvironment(objects.pod, current.container, objects);
      return { environment, container: objects.container };
    },
    exampleService: (until) => cluster.exampleService(until),
    watch: (known, changed, until) => cluster.watch(known, changed, until),
    close: () => cluster.close(),
  };
}

function agentSource(
  cluster: Cluster,
  options: ClusterRemoteOptions,
  bundle: Uint8Array,
  chosen: (target: ResolvedTarget) => void,
): AgentStarter {
  const { config, session, report } = options;
  const { resumeLimitMs } = agentOptions(config);
  const program = agentProgram(bundle, resumeLimitMs);
  const target = podTarget(targetOf(config));
  const remains = new SessionRemains(resumeLimitMs, options.remains);
  let isFirst = true;
  return {
    resumeLimitMs,
    async start(publicKey, progress, signal): Promise<StartedAgent> {
      const request: AgentRequest = { options: agentOptions(config), program, publicKey, session, remains };
      if (target === null) return cluster.startAgent(request, progress, signal);
      // Whoever starts it waits for a first pod; a successor may be long in coming (the target scaled to zero, or deleted to
      // be made anew), and is taken when it is there.
      const timeoutMs = isFirst ? request.options.startupTimeoutMs : null;
      isFirst = false;
      const resolved = await cluster.resolveTarget(target, timeoutMs, progress, signal);
      chosen(resolved);
      report('target', 'done', describeTarget(config.target.path, resolved));
      for (const warning of warningsOf(resolved)) report('target', 'warning', warning);
      return cluster.startTargetAgent(resolved, request, progress, signal);
    },
  };
}

function podTarget(target: Target): PodTarget | null {
  if (target.kind === 'targetless') return null;
  if (target.kind !== 'netns' && target.kind !== 'process') return target;
  throw new Error(`${formatTarget(target)} is no target in a cluster`);
}

function describeTarget(path: string, { pod, container, ready, addresses }: ResolvedTarget): string {
  const count = ready > 1 ? `, 1 of ${ready}` : '';
  return `${path} → pod ${pod} (container ${container})${count}; traffic leaves from ${addresses.join(', ')}`;
}

function warningsOf(target: ResolvedTarget): readonly string[] {
  const size = sizeWarning(target);
  const { pod, container, isContainerGuessed, hostNetwork, clusterDns } = target;
  return [
    ...(isContainerGuessed
      ? [`${pod} has several containers; ${container} was chosen (name another with /container/NAME).`]
      : []),
    ...(hostNetwork ? [`${pod} has its node's network: its address and its ports are the node's.`] : []),
    ...(clusterDns
      ? []
      : [`${pod} does not ask the cluster's DNS (its dnsPolicy): services have no names from there.`]),
    ...(size === null ? [] : [size]),
  ];
}
