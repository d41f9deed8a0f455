/** The cluster as the user reaches it: for commands that ask it without a session. */
import { clusterOptions, loadConfig } from '../config/index.ts';
import type { Cluster } from '../kube/cluster.ts';
import { becomeInvokingUser } from './invoking-user.ts';
import { err } from './output.ts';

export interface ClusterFlags {
  readonly namespace?: string | undefined;
  readonly context?: string | undefined;
  readonly kubeconfig?: string | undefined;
  readonly configFile?: string | undefined;
}

/** For good the user behind sudo, opens the cluster for `ask`, which has as long as `signal` does not abort. */
export async function withUserCluster<T>(
  { namespace, context, kubeconfig, configFile }: ClusterFlags,
  signal: AbortSignal,
  ask: (cluster: Cluster) => Promise<T>,
): Promise<T> {
  Object.assign(process.env, await becomeInvokingUser());
  const given = Object.entries({ namespace, context, kubeconfig, configFile }).filter(
    ([, value]) => value !== undefined,
  );
  const stdin = () => process.stdin;
  const cwd = process.cwd();
  const { config, notices } = await loadConfig({ flags: Object.fromEntries(given), env: process.env, cwd, stdin });
  for (const notice of notices) err.entry('warning', '', notice);
  const { openCluster } = await import('../kube/open-cluster.ts');
  const cluster = await openCluster({ ...clusterOptions(config, cwd), signal });
  try {
    return await ask(cluster);
  } finally {
    cluster.close();
  }
}
