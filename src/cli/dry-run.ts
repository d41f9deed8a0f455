/** `mirrord up --dry-run`: as the invoking user, since kubeconfigs and their plugins are the user's. */
import type { UpOptions } from '../ipc/protocol.ts';
import { becomeInvokingUser } from './invoking-user.ts';

/** Kubeconfig, credentials and discovery together; `up` has the same time for them. */
const DRY_RUN_DEADLINE_MS = 30_000;

export async function runDryRun(options: UpOptions, json: boolean): Promise<void> {
  const { readMachine } = await import('../host/index.ts');
  const machine = readMachine();
  // What only root may read of a namespace is read before root is given up.
  const target = options.target?.match(/^(netns|process)\//) ? await machine.networkTarget(options.target) : undefined;
  Object.assign(process.env, await becomeInvokingUser());
  const { dryRun, formatDryRun } = await import('../session/dry-run.ts');
  const result = await dryRun(
    options,
    { facts: machine.facts, networkTarget: async (path) => target ?? machine.networkTarget(path) },
    process.cwd(),
    AbortSignal.timeout(DRY_RUN_DEADLINE_MS),
  );
  process.stdout.write(json ? `${JSON.stringify(result)}\n` : formatDryRun(result));
}
