/** Chooses the kind of far side from the configured target. */
import { type Config, targetOf } from '../../config/index.ts';
import type { HostOperations, StartMessage } from '../../ipc/protocol.ts';
import { openNamespace } from './namespace-remote.ts';
import { openClusterRemote } from './cluster-remote.ts';
import type { Remote, RemoteReport } from './remote.ts';

export function openRemote(
  config: Config,
  start: StartMessage,
  host: HostOperations,
  report: RemoteReport,
  signal: AbortSignal,
): Promise<Remote> {
  const { kind } = targetOf(config);
  if (kind === 'netns' || kind === 'process') return openNamespace(config.target.path, start.folder, host);
  return openClusterRemote({
    config,
    session: start.options.name,
    cwd: start.cwd,
    agentBundle: start.agentBundle,
    report,
    signal,
  });
}
