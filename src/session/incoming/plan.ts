/** What `feature.network.incoming` asks for, in the terms of those who carry it out; pure. */
import type { PortPair } from '../../config/flags.ts';
import { type Config, filterSpec } from '../../config/index.ts';
import { MirrordError } from '../../errors.ts';
import type { WantedPort } from '../../peer/incoming.ts';

export interface PlannedPort extends PortPair {
  /** What the agent is asked for. */
  readonly wanted: WantedPort;
  /** In words; null where whole connections come. */
  readonly filter: string | null;
}

export interface IncomingPlan {
  readonly ports: readonly PlannedPort[];
  /** What listens on 127.0.0.1 or ::1 only does not count. */
  readonly ignoresLocalhost: boolean;
}

export function isIncomingWanted({ feature, target }: Config): boolean {
  return feature.network.incoming.mode === 'steal' && target.path !== 'targetless';
}

/** `declared`: the target's ports, for a configuration that names none; null where a target declares none. */
export function incomingPlan({ feature }: Config, declared: readonly number[] | null): IncomingPlan {
  const {
    ports,
    ignore_ports: ignored,
    port_mapping,
    ignore_localhost,
    http_filter: http = {},
    fallback,
  } = feature.network.incoming;
  const locals = new Map(port_mapping.map(([local, remote]) => [remote, local]));
  const spec = filterSpec(http);
  const filter = spec === null ? null : describe(http);
  const isFiltered = (remote: number): boolean => spec !== null && (http.ports?.includes(remote) ?? true);
  const filteredPorts = spec === null ? [] : (http.ports ?? []);
  const planned = [...new Set([...(ports ?? declared ?? []), ...filteredPorts])]
    .map((remote) => ({
      remote,
      local: locals.get(remote) ?? remote,
      wanted: { port: remote, filter: isFiltered(remote) ? spec : null, fallback },
      filter: isFiltered(remote) ? filter : null,
    }))
    .filter(({ local }) => !(ignored ?? []).includes(local));
  if (planned.length === 0) throw noPorts();
  return { ports: planned, ignoresLocalhost: ignore_localhost };
}

type HttpFilter = NonNullable<Config['feature']['network']['incoming']['http_filter']>;

/** A clause behind "requests". */
function describe({ header_filter: header, path_filter: path, method_filter: method }: HttpFilter): string {
  if (header !== undefined) return `with a header matching ${JSON.stringify(header)}`;
  if (path !== undefined) return `with a path matching ${JSON.stringify(path)}`;
  if (method !== undefined) return `with the method ${method.toUpperCase()}`;
  return 'that match the filter';
}

function noPorts(): MirrordError {
  return new MirrordError('usage', 'incoming-no-ports', 'No port of the target was named.', {
    help: 'Its containers declare no ports: name them with --port 8080 or in feature.network.incoming.ports.',
  });
}
