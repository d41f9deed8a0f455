/** A Kubernetes cluster as the far side: the agent runs in a pod, a port-forward carries it. */
import { readFile } from 'node:fs/promises';
import { agentProgram } from '../../agent/loader.ts';
import type { Config } from '../../config/index.ts';
import { agentOptions, clusterOptions } from './cluster-options.ts';
import type { Remote } from './remote.ts';

export interface ClusterRemoteOptions {
  readonly config: Config;
  readonly session: string;
  readonly cwd: string;
  readonly agentBundle: string;
  readonly signal: AbortSignal;
}

export async function openClusterRemote(options: ClusterRemoteOptions): Promise<Remote> {
  const { config, session, cwd, signal } = options;
  // Imported only where it is needed: a namespace target has no use for it.
  const { openCluster } = await import('../../kube/open-cluster.ts');
  const cluster = await openCluster({ ...clusterOptions(config), cwd, signal });
  const program = agentProgram(await readFile(options.agentBundle));
  const agents = {
    start: (publicKey: string, report: (text: string) => void, until: AbortSignal) =>
      cluster.startAgent({ options: agentOptions(config), program, publicKey, session }, report, until),
  };
  return {
    target: 'targetless',
    cluster: {
      context: cluster.context,
      server: cluster.server,
      version: cluster.version,
      namespace: cluster.namespace,
    },
    transport: 'port-forward',
    warnings: cluster.warnings,
    agents,
    ownAddresses: () => cluster.serverAddresses(),
    onOwnAddresses: (callback) => {
      cluster.onServerAddresses = callback;
    },
    discover: (info, until) => cluster.discover(info.serviceHost, until),
    watch: (current, changed, until) => cluster.watch(current, changed, until),
    close: () => cluster.close(),
  };
}
