/** Chooses the kind of far side from the configured target. */
import type { Config } from '../../config/index.ts';
import type { HostOperations, StartMessage } from '../../ipc/protocol.ts';
import { isNamespaceTarget, openNamespace } from './namespace-remote.ts';
import { openClusterRemote } from './cluster-remote.ts';
import type { Remote } from './remote.ts';

export function openRemote(
  config: Config,
  start: StartMessage,
  host: HostOperations,
  signal: AbortSignal,
): Promise<Remote> {
  const target = config.target.path;
  if (isNamespaceTarget(target)) return openNamespace(target, start.folder, host);
  return openClusterRemote({
    config,
    session: start.options.name,
    cwd: start.cwd,
    agentBundle: start.agentBundle,
    signal,
  });
}
