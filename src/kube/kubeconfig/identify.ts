/** Which cluster a kubeconfig leads to, from its files alone: no plugin runs, and no server is asked. */
import { endpointOf } from '../server/address.ts';
import { type KubeconfigChoice, loadContext } from './load.ts';

export interface ClusterIdentity {
  readonly context: string;
  readonly server: string;
  readonly namespace: string;
}

export function identifyCluster(choice: KubeconfigChoice): ClusterIdentity {
  const { context, namespace, cluster } = loadContext(choice);
  return { context, server: endpointOf(cluster).url, namespace };
}
