/**
 * The environment for `mirrord env` and `mirrord exec`: what the target's container declares and its process has, after
 * `feature.env`.  Held nowhere: asked anew each time, and never logged.
 */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Config } from '../config/index.ts';
import type { SessionEnvironment } from '../control/protocol.ts';
import {
  compileRules,
  mergeEnvironment,
  mergeRemote,
  parseEnvFile,
  parseProcessEnvironment,
} from '../environment/index.ts';
import { MirrordError } from '../errors.ts';
import type { Tunnel } from '../tunnel/tunnel.ts';
import type { Remote } from './remote/remote.ts';

export async function targetEnvironment(
  config: Config,
  cwd: string,
  remote: Remote,
  tunnel: Tunnel | undefined,
  signal: AbortSignal,
): Promise<SessionEnvironment> {
  const settings = config.feature.env;
  const [declared, process, file] = await Promise.all([
    remote.declaredEnvironment(signal),
    processEnvironment(tunnel),
    settings.env_file === undefined ? '' : readEnvFile(resolve(cwd, settings.env_file)),
  ]);
  // A pod's own agent (no target) has an environment too, but it is nobody's.
  const ofProcess =
    declared === null || process === null ? new Map<string, string>() : parseProcessEnvironment(process);
  const remoteVariables = mergeRemote(declared?.variables ?? new Map(), ofProcess);
  const rules = compileRules(settings);
  const merged = mergeEnvironment(remoteVariables, parseEnvFile(settings.env_file ?? '', file), rules);
  return {
    environment: Object.fromEntries(merged),
    unset: [...rules.unset],
    warnings: declared?.warnings ?? ['there is no target, so there is no environment but the configured one'],
  };
}

/** Null where it cannot be read, which is no reason to withhold what is declared: so while the agent is away. */
async function processEnvironment(tunnel: Tunnel | undefined): Promise<string | null> {
  return tunnel?.environment().catch(() => null) ?? null;
}

async function readEnvFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new MirrordError('usage', 'env-file-unreadable', `feature.env.env_file cannot be read: ${reason}.`, {
      cause,
    });
  }
}
