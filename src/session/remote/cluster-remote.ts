/** A Kubernetes cluster as the remote: the agent runs in a pod, a port-forward carries it. */
import { readFile } from 'node:fs/promises';
import { agentProgram, incomingProgram } from '../../agent/loader.ts';
import { type Config, type Target, agentOptions, clusterOptions, formatTarget, targetOf } from '../../config/index.ts';
import { MirrordError } from '../../errors.ts';
import { resolveDeclaredEnvironment } from '../../environment/index.ts';
import { sizeWarning } from '../../kube/agent/pod-size.ts';
import type { AgentRequest, Cluster } from '../../kube/cluster.ts';
import type { PodTarget, ResolvedTarget } from '../../kube/targets/target.ts';
import type { Remain } from '../../ipc/protocol.ts';
import type { AgentStarter, StartedAgent } from '../agents/starter.ts';
import { launcherFiles } from '../../native/launcher.ts';
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
  const agents = agentSources(cluster, options, bundle, (resolved) => {
    current = resolved;
  });
  return {
    target: config.target.path,
    cluster: { context, server, version, namespace },
    transport: 'port-forward',
    warnings: cluster.warnings,
    agents: agents.outgoing,
    incomingAgents: agents.incoming,
    declaredPorts: () => current?.ports ?? null,
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

/** Both agents are of one pod at first; each that is started again takes whichever is ready then. */
function agentSources(
  cluster: Cluster,
  options: ClusterRemoteOptions,
  bundle: Uint8Array,
  chosen: (target: ResolvedTarget) => void,
): { readonly outgoing: AgentStarter; readonly incoming: AgentStarter } {
  const { config, session, report } = options;
  const { resumeLimitMs, startupTimeoutMs } = agentOptions(config);
  const target = podTarget(targetOf(config));
  const remains = new SessionRemains(resumeLimitMs, options.remains);
  const request = (role: AgentRequest['role'], program: AgentRequest['program'], publicKey: string): AgentRequest => ({
    role,
    options: agentOptions(config),
    program,
    publicKey,
    session,
    remains,
  });
  const outgoingProgram = agentProgram(bundle, resumeLimitMs);
  const first = Promise.withResolvers<ResolvedTarget>();
  first.promise.catch(() => undefined); // reported to the starter of the outgoing agent
  let isFirst = true;
  let isFirstIncoming = true;
  return {
    outgoing: {
      resumeLimitMs,
      async start(publicKey, progress, signal): Promise<StartedAgent> {
        const asked = request('outgoing', outgoingProgram, publicKey);
        if (target === null) return cluster.startAgent(asked, progress, signal);
        // Its starter waits for a first pod; a successor may be long in coming (the target scaled to zero, or deleted
        // to be created again), and is taken when it is there.
        const timeoutMs = isFirst ? startupTimeoutMs : null;
        isFirst = false;
        const resolving = cluster.resolveTarget(target, timeoutMs, progress, signal);
        resolving.then(first.resolve, first.reject);
        const resolved = await resolving;
        chosen(resolved);
        report('target', 'done', describeTarget(config.target.path, resolved));
        for (const warning of warningsOf(resolved)) report('target', 'warning', warning);
        return cluster.startTargetAgent(resolved, asked, progress, signal);
      },
    },
    incoming: {
      resumeLimitMs,
      async start(publicKey, progress, signal): Promise<StartedAgent> {
        if (target === null) throw new Error('a session without a target has no incoming traffic'); // the configuration says so, too
        const resolved = await (isFirstIncoming
          ? first.promise
          : cluster.resolveTarget(target, null, progress, signal));
        isFirstIncoming = false;
        if (resolved.hostNetwork) throw nodesNetwork(resolved);
        const asked = request('incoming', await incomingProgramOf(bundle, resumeLimitMs), publicKey);
        return cluster.startTargetAgent(resolved, asked, progress, signal);
      },
    },
  };
}

async function incomingProgramOf(bundle: Uint8Array, resumeLimitMs: number): Promise<AgentRequest['program']> {
  const launchers = [...launcherFiles()].map(async ([arch, file]) => [arch, await readFile(file)] as const);
  return incomingProgram(bundle, new Map(await Promise.all(launchers)), resumeLimitMs);
}

function nodesNetwork({ pod }: ResolvedTarget): MirrordError {
  return new MirrordError(
    'usage',
    'incoming-host-network',
    `${pod} has its node's network: its ports are the node's.`,
    {
      help: "A node's traffic is not taken. Choose another target, or leave out --steal.",
    },
  );
}

function podTarget(target: Target): PodTarget | null {
  if (target.kind === 'targetless') return null;
  if (target.kind !== 'netns' && target.kind !== 'process') return target;
  throw new Error(`${formatTarget(target)} is not a target in a cluster`);
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
      ? [`${pod} has several containers; ${container} was chosen (choose another with /container/NAME).`]
      : []),
    ...(hostNetwork ? [`${pod} has its node's network: its address and its ports are the node's.`] : []),
    ...(clusterDns
      ? []
      : [`${pod} does not use the cluster's DNS (its dnsPolicy): service names do not resolve there.`]),
    ...(size === null ? [] : [size]),
  ];
}
