/** Who comes in by this machine, in one line. */
import { OUTGOING } from '../filter/index.ts';
import type { MachineBridge } from '../machine/facts.ts';
import type { Forwarded } from '../machine/network-state.ts';

export function describeForwarded(forwarded: Forwarded, bridges: readonly MachineBridge[]): string {
  const key = `${OUTGOING}.forwarded`;
  if (forwarded === 'off') return `open to this machine only (${key} is "off")`;
  if (forwarded !== 'bridges') return `open to this machine and ${forwarded.join(', ')} (${key})`;
  const own = bridges.filter(({ uplink }) => uplink === undefined).map(({ name }) => name);
  const closed = bridges.flatMap(({ name, uplink }) =>
    uplink === undefined ? [] : [`; not to ${name}, which has the uplink ${uplink}`],
  );
  const open =
    own.length === 0 ? 'open to this machine only' : `open to this machine and its bridges ${own.join(', ')}`;
  return open + closed.join('');
}
