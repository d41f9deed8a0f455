/** What sessions that were killed have left in the cluster, for `mirrord down --all`. */
import { clusterOptions, loadConfig } from '../config/index.ts';
import { MirrordError } from '../errors.ts';
import { becomeInvokingUser } from './invoking-user.ts';

/** A cluster that is away must not keep `down` from its end; agents leave by themselves, too. */
const CLUSTER_DEADLINE_MS = 15_000;

export interface Leftovers {
  /** `NAMESPACE/job/NAME` each. */
  readonly removed: readonly string[];
  /** Why the cluster could not be searched, in plain words; null if it was, and if there is no kubeconfig. */
  readonly note: string | null;
  /** What the configuration has to say. */
  readonly notices: readonly string[];
}

/** Where to look, when not in the cluster of the current context. */
export interface LeftoverPlace {
  readonly namespace?: string | undefined;
  readonly context?: string | undefined;
  readonly kubeconfig?: string | undefined;
  readonly configFile?: string | undefined;
}

/** Those of the invoking user.  Never rejects: there may be no cluster at all. */
export async function removeLeftovers(place: LeftoverPlace): Promise<Leftovers> {
  const flags = Object.fromEntries(Object.entries(place).filter(([, value]) => value !== undefined));
  let notices: readonly string[] = [];
  try {
    Object.assign(process.env, await becomeInvokingUser());
    const cwd = process.cwd();
    const { config, notices: told } = await loadConfig({ flags, env: process.env, cwd });
    notices = told;
    const { openCluster } = await import('../kube/open-cluster.ts');
    const signal = AbortSignal.timeout(CLUSTER_DEADLINE_MS);
    const cluster = await openCluster({ ...clusterOptions(config, cwd), signal });
    try {
      return { removed: await cluster.removeLeftovers(signal), note: null, notices };
    } finally {
      cluster.close();
    }
  } catch (error) {
    const isNowhere = error instanceof MirrordError && error.code === 'kubeconfig-missing';
    if (isNowhere && place.kubeconfig === undefined) return { removed: [], note: null, notices };
    return { removed: [], note: error instanceof Error ? error.message : String(error), notices };
  }
}
