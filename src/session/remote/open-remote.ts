/** Chooses the kind of remote from the configured target. */
import { type Config, targetOf } from '../../config/index.ts';
import type { StartMessage } from '../../ipc/protocol.ts';
import type { HostClient } from '../host-client.ts';
import { openNamespace } from './namespace-remote.ts';
import { openClusterRemote } from './cluster-remote.ts';
import type { Remote, RemoteReport } from './remote.ts';

export async function openRemote(
  config: Config,
  start: StartMessage,
  host: HostClient,
  report: RemoteReport,
  signal: AbortSignal,
): Promise<Remote> {
  const { kind } = targetOf(config);
  const { path } = config.target;
  // Told before anything is heard from a remote, and for good.
  const facts = await host.target(kind === 'netns' || kind === 'process' ? path : null);
  if (facts !== null) return openNamespace(path, facts, start.folder, host);
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
