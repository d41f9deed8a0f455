import type { Cluster, ClusterOptions } from '../kube/cluster.ts';
import { loadContext } from '../kube/kubeconfig/load.ts';
import { openCluster } from '../kube/open-cluster.ts';
import type { Preflight, Right } from '../kube/preflight.ts';
import type { ClusterProbe, OpenedCluster } from './check.ts';

/** The cluster of a kubeconfig, opened once and asked by many. */
export class KubernetesProbe implements ClusterProbe {
  readonly #options: () => Promise<ClusterOptions>;
  #cluster: Cluster | undefined;

  /** The options come late: a broken configuration is another check's finding. */
  constructor(options: () => Promise<ClusterOptions>) {
    this.#options = options;
  }

  async context(): Promise<{ readonly context: string; readonly namespace: string }> {
    return loadContext({ ...(await this.#options()), env: process.env });
  }

  async open(signal: AbortSignal): Promise<OpenedCluster> {
    this.#cluster = await openCluster({ ...(await this.#options()), signal });
    return this.#cluster;
  }

  allowed(right: Right, signal: AbortSignal): Promise<boolean> {
    return this.#preflight().allowed(right, signal);
  }

  tryPortForward(signal: AbortSignal): Promise<string | null> {
    return this.#preflight().tryPortForward(signal);
  }

  close(): void {
    this.#cluster?.close();
  }

  #preflight(): Preflight {
    if (this.#cluster === undefined) throw new Error('the cluster has not been opened');
    return this.#cluster.preflight;
  }
}
