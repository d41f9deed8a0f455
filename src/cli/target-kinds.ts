/** `up -t payments`: a name alone may be a Deployment's, a Service's or a pod's; the cluster tells which there are. */
import { MirrordError } from '../errors.ts';
import { KINDS } from './ls.ts';
import { type ClusterFlags, withUserCluster } from './user-cluster.ts';

/** A cluster that does not answer is no reason to wait with the answer that is known without it. */
const ASK_DEADLINE_MS = 5_000;

/** The error to fail with; the process is the user's from here on. */
export async function kindsOf(name: string, flags: ClusterFlags): Promise<MirrordError> {
  const signal = AbortSignal.timeout(ASK_DEADLINE_MS);
  let found: readonly string[] | null;
  try {
    found = await withUserCluster(flags, signal, async (cluster) => {
      const denied = (): void => {
        // Kinds that may not be listed are none that could be offered.
      };
      const targets = await cluster.listTargets(cluster.namespace, KINDS, signal, denied);
      return targets.filter((target) => target.name === name).map(({ kind }) => `${kind}/${name}`);
    });
  } catch {
    // What is wrong with the cluster or the configuration is told once the target is written in full.
    found = null;
  }
  return withoutKind(name, found);
}

/** `found`: null where the cluster could not be asked. */
function withoutKind(name: string, found: readonly string[] | null): MirrordError {
  const help =
    found === null || found.length === 0
      ? `Write -t KIND/NAME: ${KINDS.map((kind) => `${kind}/${name}`).join(', ')}.${found === null ? '' : ' None of these exists; `mirrord ls` lists the targets.'}`
      : `There ${found.length === 1 ? 'is' : 'are'}: ${found.join(', ')}.`;
  return new MirrordError('usage', 'target-kind-missing', `The target ${name} has no kind.`, { help });
}
