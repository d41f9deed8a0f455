import type { Sandbox } from '../../../scripts/sandbox/index.ts';
import { folderOf } from './session-place.ts';

/** How many connections wait to be accepted at the session's control socket; undefined when nothing listens there. */
export async function waitingAt({ developer, developerPid }: Sandbox): Promise<string | undefined> {
  const socket = `${folderOf(developerPid)}/session/control.sock`;
  return (await developer.run('ss', ['-xlHn', 'src', socket])).stdout.split(/\s+/)[2];
}
