import { parseAddress } from '../net/index.ts';
import { normalName } from '../names/name.ts';
import { unmap } from './entry.ts';
import type { ScopedFilter } from './filter.ts';
import type { RoutePlan } from './route-plan.ts';
import { formatRule, type FilterRule } from './rule.ts';
import type { RuleSet } from './rule-set.ts';

export interface CaptureReport {
  readonly severity: 'error' | 'warning';
  readonly text: string;
}

/**
 * What the user must hear before anything on the machine is changed: a filter that leaves nothing for the cluster, and
 * one that asks for the API server, through which everything else travels.
 *
 * `servers` are the API server's addresses and names.  The plan keeps them on their old path in any case (`Scope.never`),
 * so a range or wildcard that holds one is a warning; an entry for that very host asks for what cannot be, and is an error.
 */
export function checkCapture(scoped: ScopedFilter, plan: RoutePlan, servers: readonly string[]): CaptureReport[] {
  const { filter } = scoped;
  const reports: CaptureReport[] = [];
  const names = filter.side === 'remote' && filter.rules.rules.some(({ entry }) => entry.host.kind !== 'range');
  const nothing = plan.routes.length === 0 && plan.rules.every(({ side }) => side === 'local');
  if (nothing && !names)
    reports.push({ severity: 'warning', text: `Nothing is routed to the cluster: ${whyNothing(scoped)}.` });
  if (filter.side !== 'remote') return reports;
  for (const server of servers) {
    const found = ruleFor(server, filter.rules);
    if (found === undefined) continue;
    const { host } = found.entry;
    const isExact =
      host.kind === 'name' || (host.kind === 'range' && host.range.prefix === host.range.address.length * 8);
    const what = parseAddress(server) === null ? 'name' : 'address';
    const where = `${formatRule(found.rule)} = "${found.rule.text}"`;
    if (!isExact) {
      reports.push({
        severity: 'warning',
        text: `${where} holds the API server's ${what} ${server}, which stays on its own path.`,
      });
    } else {
      reports.push({
        severity: 'error',
        text: `${where} is the API server's ${what}: the tunnel cannot reach the API server through itself.`,
      });
    }
  }
  return reports;
}

/** The most specific entry that means this address or name, whatever its port and protocol. */
function ruleFor(server: string, rules: RuleSet): FilterRule | undefined {
  const parsed = parseAddress(server);
  if (parsed === null) return rules.rulesFor([normalName(server)])[0];
  return rules.possible({ names: [], address: unmap(parsed) })[0];
}

function whyNothing({ filter, scope }: ScopedFilter): string {
  const { outgoing } = filter.settings;
  if (!outgoing.tcp && !outgoing.udp) return 'feature.network.outgoing.tcp and .udp are both off';
  if (filter.side === 'remote')
    return 'every entry of feature.network.outgoing.filter.remote is for a protocol that is off';
  const all = filter.rules.rules.find(
    ({ entry }) => entry.port === null && (entry.host.kind === 'any' || entry.host.kind === 'any-address'),
  );
  if (all !== undefined) return `${formatRule(all.rule)} = "${all.rule.text}" keeps everything on this machine`;
  if (scope.ranges.length === 0 && outgoing.routes.include.length === 0) return 'no range of the cluster is known';
  return 'feature.network.outgoing.filter.local or .routes.exclude hold all of its ranges';
}
