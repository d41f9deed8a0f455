/** What stayed behind in the cluster, for people. */
import type { Remain } from '../ipc/protocol.ts';

export function describeRemain({ what, why, withinMs }: Remain): string {
  const reason = why ?? 'the session ended before it could';
  return `${what} could not be removed (${reason}). It ends by itself within ${duration(withinMs)}.`;
}

function duration(ms: number): string {
  const seconds = Math.ceil(ms / 1_000);
  return seconds < 120 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`;
}
