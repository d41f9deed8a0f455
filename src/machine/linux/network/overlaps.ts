/** What the machine's own routes and the wished ones do to each other, in plain words; pure. */
import { MirrordError } from '../../../errors.ts';
import type { MachineRoute } from '../../facts.ts';
import { type Cidr, cidrHolds, excludeRanges, formatCidr, overlap, parseCidr } from '../../../net/index.ts';

export interface Overlaps {
  readonly warnings: readonly string[];
  /** More specific routes of tables other than `main`: the caller keeps their path, as it does for main's. */
  readonly kept: readonly string[];
}

/** Shorter ones are default routes, or the halves that VPNs override a default route with: no conflict. */
const SHORTEST_PREFIX = 2;

interface Known {
  readonly cidr: Cidr;
  readonly route: MachineRoute;
}

/** Throws when nothing of a wished range would be left to the cluster. */
export function findOverlaps(
  wished: readonly string[],
  pins: readonly string[],
  routes: readonly MachineRoute[],
): Overlaps {
  const warnings: string[] = [];
  const kept = new Set<string>();
  const pinned = parse(pins);
  const known = routes
    .map((route) => ({ cidr: parseCidr(route.destination), route }))
    .filter((entry): entry is Known => entry.cidr !== null && entry.cidr.prefix >= SHORTEST_PREFIX)
    .filter(({ cidr }) => !pinned.some((pin) => cidrHolds(pin, cidr)) && !isLinkLocal(cidr));

  for (const range of parse(wished)) {
    const text = formatCidr(range);
    const touching = known.filter(({ cidr }) => overlap(cidr, range));
    const inside = touching.filter(({ cidr }) => cidr.prefix > range.prefix);
    // With everything routed, every network of the machine lies inside, and stays: nothing to tell.
    if (range.prefix >= SHORTEST_PREFIX) {
      const left = excludeRanges(
        [range],
        inside.map(({ cidr }) => cidr),
      );
      if (left.length === 0) throw taken(text, inside);
      for (const { cidr, route } of inside) {
        warnings.push(
          `${formatCidr(cidr)} stays with ${route.device}: it is more specific than the cluster's ${text}.`,
        );
      }
      for (const { cidr, route } of touching.filter((entry) => !inside.includes(entry))) {
        const outer = formatCidr(cidr);
        warnings.push(
          outer === text
            ? `${text} was routed to ${route.device} and goes to the cluster now; --exclude-route ${text} leaves it there.`
            : `${text} was routed to ${route.device} as part of ${outer} and goes to the cluster now.`,
        );
      }
    }
    for (const { cidr, route } of inside) if (route.table !== undefined) kept.add(formatCidr(cidr));
  }
  return { warnings: [...new Set(warnings)], kept: [...kept] };
}

const parse = (texts: readonly string[]): Cidr[] =>
  texts.map((text) => parseCidr(text)).filter((cidr): cidr is Cidr => cidr !== null);

const LINK_LOCAL = parse(['fe80::/10', '169.254.0.0/16', 'ff00::/8']);
const isLinkLocal = (cidr: Cidr): boolean => LINK_LOCAL.some((range) => cidrHolds(range, cidr));

function taken(range: string, inside: readonly Known[]): MirrordError {
  const devices = [...new Set(inside.map(({ route }) => route.device))].join(', ');
  return new MirrordError(
    'host',
    'range-taken',
    `The cluster's range ${range} would be completely unreachable: more specific routes lead to ${devices} (${inside
      .map(({ cidr }) => formatCidr(cidr))
      .join(', ')}).`,
    { help: `Leave it out with --exclude-route ${range}, or take down ${devices} first.` },
  );
}
