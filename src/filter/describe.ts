import type { Filter } from './filter.ts';
import { formatRule, type FilterRule } from './rule.ts';
import { DNS_FILTER, OUTGOING } from './settings.ts';

/** Lines for one list; the rest is counted, so that `status` stays readable. */
export const MAX_LINES = 20;

/** The filter in plain words, one line per rule: `local: db.prod (feature.network.outgoing.filter.local[0])`. */
export function describeFilter(filter: Filter): string[] {
  const { outgoing, dns, ipv6 } = filter.settings;
  const lines: string[] = [];
  for (const protocol of ['tcp', 'udp'] as const) {
    if (!outgoing[protocol]) lines.push(`local: all ${protocol.toUpperCase()} (${OUTGOING}.${protocol} is off)`);
  }
  if (outgoing.scope === 'all') {
    lines.push(`cluster: everything but loopback and what is never captured (${OUTGOING}.scope is "all")`);
  }
  if (filter.side !== null) {
    const side = filter.side === 'local' ? 'local' : 'cluster';
    lines.push(...shorten(filter.rules.rules.map((rule) => describeRule(side, rule))));
    if (filter.side === 'remote') lines.push('local: everything else');
  }
  for (const side of ['include', 'exclude'] as const) {
    const word = side === 'include' ? 'cluster' : 'local';
    lines.push(
      ...shorten(outgoing.routes[side].map((cidr, i) => `${word}: ${cidr} (${OUTGOING}.routes.${side}[${i}])`)),
    );
  }
  if (!dns.enabled) lines.push('DNS: answered by this machine (feature.network.dns.enabled is off)');
  const own = [...filter.dns.local, ...filter.dns.cluster].filter(({ rule }) => rule.key.startsWith(DNS_FILTER));
  lines.push(
    ...shorten(own.map((rule) => describeRule(rule.rule.key.endsWith('.local') ? 'DNS local' : 'DNS cluster', rule))),
  );
  lines.push(
    ...shorten(
      Object.entries(dns.hosts).map(
        ([name, addresses]) => `DNS: ${name} is ${addresses.join(', ')} (feature.network.dns.hosts)`,
      ),
    ),
  );
  if (!ipv6) {
    const everything = outgoing.scope === 'all' && filter.side !== 'remote';
    const fate = everything ? 'unreachable, so that nothing bypasses the cluster' : 'not routed';
    lines.push(`IPv6: ${fate} (feature.network.ipv6 is off)`);
  }
  return lines;
}

function describeRule(word: string, { rule }: FilterRule): string {
  return `${word}: ${rule.text} (${formatRule(rule)})`;
}

function shorten(lines: readonly string[]): string[] {
  if (lines.length <= MAX_LINES) return [...lines];
  return [...lines.slice(0, MAX_LINES), `and ${lines.length - MAX_LINES} more`];
}
