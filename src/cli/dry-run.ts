/** `mirrord up --dry-run`: as the invoking user, since kubeconfigs and their plugins are the user's. */
import { EXIT, MirrordError } from '../errors.ts';
import type { readMachine } from '../host/index.ts';
import type { UpOptions } from '../ipc/protocol.ts';
import type { NetworkTargetFacts } from '../machine/facts.ts';
import { READ_PROGRAM } from './programs.ts';
import { becomeInvokingUser } from './invoking-user.ts';
import type { Format } from './output-format.ts';
import { err, out } from './output.ts';

/** Kubeconfig, credentials and discovery together; `up` has the same time for them. */
const DRY_RUN_DEADLINE_MS = 30_000;

export async function runDryRun(options: UpOptions, format: Format): Promise<void> {
  const { readMachine } = await import('../host/index.ts');
  const machine = readMachine(READ_PROGRAM);
  // What only root may read of a namespace is read before root is given up.
  const path = options.target;
  const isRoot = process.geteuid?.() === 0;
  const target = isRoot && path?.match(/^(netns|process)\//) ? await machine.networkTarget(path) : undefined;
  Object.assign(process.env, await becomeInvokingUser());
  const { dryRun, formatDryRun } = await import('../session/dry-run.ts');
  const notices: string[] = [];
  const notice = (text: string): unknown => (format === 'table' ? err.entry('warning', '', text) : notices.push(text));
  const result = await dryRun(
    options,
    { facts: machine.facts, networkTarget: async (name) => target ?? readAsUser(machine, name) },
    { cwd: process.cwd(), notice },
    AbortSignal.timeout(DRY_RUN_DEADLINE_MS),
  );
  await out.answer(format, { ...result, notes: [...notices, ...result.notes] }, formatDryRun);
  if (result.rights !== null && result.rights.missing.length > 0) process.exitCode = EXIT.findings;
}

/** A process of the user's own can be read; a named namespace, and another user's process, by root alone. */
async function readAsUser(machine: ReturnType<typeof readMachine>, target: string): Promise<NetworkTargetFacts> {
  try {
    return await machine.networkTarget(target);
  } catch (error) {
    if (error instanceof MirrordError && error.failure === 'usage') throw error;
    const text = `Only root may look into ${target}, even for a dry run.`;
    throw new MirrordError('permission', 'not-root', text, { cause: error });
  }
}
