/** Chooses the kind of far side from the configured target. */
import { type Config, targetOf } from '../../config/index.ts';
import type { StartMessage } from '../../ipc/protocol.ts';
import type { HostClient } from '../host-client.ts';
import { openNamespace } from './namespace-remote.ts';
import { openClusterRemote } from './cluster-remote.ts';
import type { Remote, RemoteReport } from './remote.ts';

export function openRemote(
  config: Config,
  start: StartMessage,
  host: HostClient,
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
    remains: (remains) => host.remains(remains),
    signal,
  });
}
