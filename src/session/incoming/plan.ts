/** What `feature.network.incoming` asks for, in the terms of those who carry it out; pure. */
import type { PortPair } from '../../config/flags.ts';
import type { Config } from '../../config/index.ts';
import { MirrordError } from '../../errors.ts';

export interface IncomingPlan {
  readonly pairs: readonly PortPair[];
  /** What listens on 127.0.0.1 or ::1 only does not count. */
  readonly ignoresLocalhost: boolean;
}

export function isIncomingWanted({ feature, target }: Config): boolean {
  return feature.network.incoming.mode === 'steal' && target.path !== 'targetless';
}

/** `declared`: the target's ports, for a configuration that names none; null where a target declares none. */
export function incomingPlan({ feature }: Config, declared: readonly number[] | null): IncomingPlan {
  const { ports, ignore_ports: ignored, port_mapping: mapping, ignore_localhost } = feature.network.incoming;
  const locals = new Map(mapping.map(([local, remote]) => [remote, local]));
  const pairs = [...new Set(ports ?? declared ?? [])]
    .map((remote) => ({ remote, local: locals.get(remote) ?? remote }))
    .filter(({ local }) => !(ignored ?? []).includes(local));
  if (pairs.length === 0) throw noPorts();
  return { pairs, ignoresLocalhost: ignore_localhost };
}

function noPorts(): MirrordError {
  return new MirrordError(
    'usage',
    'incoming-no-ports',
    'No port of the target is named whose traffic is to come here.',
    {
      help: 'Its containers declare none: name them with --port 8080, or as feature.network.incoming.ports.',
    },
  );
}
