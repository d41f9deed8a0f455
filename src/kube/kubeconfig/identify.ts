import { endpointOf } from '../server/address.ts';
import { type KubeconfigChoice, loadContext } from './load.ts';

/** Which cluster a kubeconfig leads to: no plugin is run for it, and nobody is asked. */
export interface ClusterIdentity {
  readonly context: string;
  readonly server: string;
  readonly namespace: string;
}

export function identifyCluster(choice: KubeconfigChoice): ClusterIdentity {
  const { context, namespace, cluster } = loadContext(choice);
  return { context, server: endpointOf(cluster).url, namespace };
}
