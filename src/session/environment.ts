/**
 * The environment for `mirrord env` and `mirrord exec`: what the target's container declares and its process has, after
 * `feature.env`.  Held nowhere: asked again each time, and never logged.
 */
import { resolve } from 'node:path';
import { readBounded, type Config } from '../config/index.ts';
import type { SessionEnvironment } from '../control/answers.ts';
import {
  compileRules,
  mergeEnvironment,
  mergeRemote,
  parseEnvFile,
  parseProcessEnvironment,
  type Variables,
} from '../environment/index.ts';
import { MirrordError } from '../errors.ts';
import type { ProcessEnvironment, TargetContainer } from '../peer/environment.ts';
import type { Tunnel } from '../peer/tunnel.ts';
import type { Remote } from './remote/remote.ts';

/** More than the kernel gives any program (execve(2)); bytes. */
const ENV_FILE_BYTES = 8 * 1024 * 1024;

export async function targetEnvironment(
  config: Config,
  cwd: string,
  remote: Remote,
  tunnel: Tunnel | undefined,
  signal: AbortSignal,
): Promise<SessionEnvironment> {
  const settings = config.feature.env;
  const [{ variables, warnings }, file] = await Promise.all([
    ofTarget(remote, tunnel, signal),
    settings.env_file === undefined ? '' : readEnvFile(resolve(cwd, settings.env_file)),
  ]);
  const rules = compileRules(settings);
  const merged = mergeEnvironment(variables, parseEnvFile(settings.env_file ?? '', file), rules);
  return {
    environment: Object.fromEntries(merged),
    unset: [...rules.unset],
    warnings,
  };
}

async function ofTarget(
  remote: Remote,
  tunnel: Tunnel | undefined,
  signal: AbortSignal,
): Promise<{ readonly variables: Variables; readonly warnings: readonly string[] }> {
  const declared = await remote.declaredTarget(signal);
  if (declared === null) {
    // A pod of the session's own has an environment too, but no use for it.
    const warnings = ['without a target there is only the configured environment'];
    return { variables: new Map(), warnings };
  }
  const { environment, container } = declared;
  const process = await processEnvironment(tunnel, container);
  if ('text' in process) {
    return { ...environment, variables: mergeRemote(environment.variables, parseProcessEnvironment(process.text)) };
  }
  const missing = `container ${container.name}: ${REASONS[process.missing]}; variables set by its image or its entry point are missing`;
  return { ...environment, warnings: [...environment.warnings, missing] };
}

/** What is declared is not withheld for want of the rest. */
const REASONS = {
  away: 'the agent is not reachable at the moment',
  unfound: 'the agent cannot find its process',
  unreadable: 'the agent may not read the environment of its process, which runs as root or as another user',
} as const;

async function processEnvironment(
  tunnel: Tunnel | undefined,
  container: TargetContainer,
): Promise<ProcessEnvironment | { readonly missing: 'away' }> {
  return tunnel?.environment(container).catch(() => ({ missing: 'away' })) ?? { missing: 'away' };
}

async function readEnvFile(path: string): Promise<string> {
  try {
    const bytes = await readBounded(path, ENV_FILE_BYTES);
    if (bytes === null) throw new Error(`it is larger than ${ENV_FILE_BYTES / 1024 / 1024} MB`);
    return bytes.toString();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new MirrordError('usage', 'env-file-unreadable', `feature.env.env_file cannot be read: ${reason}.`, {
      cause,
    });
  }
}
