import { parseAddress } from '../net/index.ts';
import { formatDestination, type ExplainTarget } from './destination.ts';
import type { DecisionReason, ScopedFilter } from './filter.ts';
import type { Holder } from './resolved-address.ts';
import { isClusterName } from '../names/classify.ts';
import type { ClusterNames } from '../names/cluster-names.ts';
import { nameForms } from '../names/forms.ts';
import { formatRule, takesAll, type FilterRule, type Rule, type Side } from './rule.ts';

/** What was found out about the destination; all of it may be unknown, as without a session. */
export interface ExplainContext {
  readonly names: ClusterNames;
  /** The answer to the name. */
  readonly answer?: {
    readonly by: 'machine' | 'cluster' | 'fixed';
    readonly addresses: readonly string[];
    /** Where the machine's answer came from: `/etc/hosts`, a server's address. */
    readonly source?: string;
    /** `NXDOMAIN` and the like, where there are no addresses. */
    readonly failure?: string;
  };
  /** For a name that does not exist: where a service of its name is. */
  readonly elsewhere?: readonly Elsewhere[];
  /** The interface that the kernel would use. */
  readonly route?: string;
  /** Names that hold the address just now (`NameRoutes.holders`), the deciding one first. */
  readonly holders?: readonly Holder[];
}

export interface Elsewhere {
  readonly service: string;
  readonly namespace: string;
  /** The shortest name that reaches it from this machine. */
  readonly use: string;
}

export interface Explanation {
  readonly destination: string;
  readonly side: Side;
  readonly reason: DecisionReason;
  /** The deciding range, where one did. */
  readonly range: string | null;
  readonly rule: { readonly key: string; readonly value: string } | null;
  /** Null for a destination that is an address. */
  readonly dns: {
    readonly by: 'machine' | 'cluster' | 'fixed';
    readonly addresses: readonly string[];
    readonly source: string | null;
    readonly failure: string | null;
    readonly rule: { readonly key: string; readonly value: string } | null;
  } | null;
  readonly elsewhere: readonly Elsewhere[];
  readonly route: string | null;
  readonly notes: readonly string[];
}

/** How many namespaces a person is told of; `--json` has them all. */
const TOLD = 5;

/** Servers on this machine send likewise, and nothing but TCP tells the two apart. */
const BOUND_NOTE =
  "a UDP program that binds to an address of this machine bypasses the session, except for the cluster's ranges";

/** Where a destination goes, and which rule says so. */
export function explain(target: ExplainTarget, scoped: ScopedFilter, context: ExplainContext): Explanation {
  const { filter } = scoped;
  const forms = target.name === null ? [] : nameForms(target.name, context.names);
  const dns = target.name === null ? null : explainDns(forms, target.name, scoped, context);
  // With DNS left alone, the names that a program asks for are not seen: its connections go by the address, as those to an address.
  const isSeen = filter.settings.dns.enabled;
  const names = isSeen ? forms : [];
  const holder = target.address === null && isSeen ? undefined : context.holders?.[0];
  const held = holder === undefined ? [] : nameForms(holder.name, context.names);
  const addressText = target.address ?? dns?.addresses[0] ?? null;
  const address = addressText === null ? null : parseAddress(addressText);
  const clusterName = dns?.by === 'cluster';
  const known = { names: [...names, ...held], address, port: target.port, protocol: target.protocol };
  const decision = scoped.decide(known, clusterName);
  const partial = filter.rules
    .possible(known)
    .filter((rule) => target.port === null && !takesAll(rule, filter.settings.outgoing))
    // The one that decides is said already.
    .filter(({ rule }) => rule !== decision.rule)
    .map(({ entry, rule }) => {
      const what = [
        entry.protocol === 'any' ? '' : entry.protocol.toUpperCase(),
        entry.port === null ? '' : `port ${entry.port}`,
      ];
      return `${what.filter(Boolean).join(' ')} ${goes(filter.side === 'local' ? 'local' : 'cluster')} (${formatRule(rule)} = ${JSON.stringify(rule.text)})`;
    });
  return {
    destination: formatDestination(target),
    side: decision.side,
    reason: decision.reason,
    range: decision.range,
    rule: shown(decision.rule),
    dns,
    elsewhere: context.elsewhere ?? [],
    route: context.route ?? null,
    notes: [
      ...partial,
      ...(isSeen ? [] : unseen(filter.rulesFor(forms), decision.rule)),
      ...(decision.reason === 'everything' && target.protocol !== 'tcp' ? [BOUND_NOTE] : []),
      ...notesOf(context, addressText),
    ],
  };
}

/** As people read it: one line that answers, then how it came about. */
export function formatExplanation(explanation: Explanation): string {
  const { destination, side, reason, dns, elsewhere, route, notes } = explanation;
  const isAbsent = dns?.failure === 'NXDOMAIN';
  const lines = [
    `${destination} ${isAbsent ? 'does not exist' : reason === 'ipv6-shut' ? 'is unreachable' : goes(side)}`,
    ...elsewhere
      .slice(0, TOLD)
      .map(
        ({ service, namespace, use }) => `  instead A service "${service}" is in namespace ${namespace}: use ${use}`,
      ),
    ...(elsewhere.length > TOLD ? [`  instead (and in ${elsewhere.length - TOLD} other namespaces)`] : []),
    `  rule    ${ruleText(explanation)}`,
  ];
  if (dns !== null) lines.push(`  DNS     ${dnsText(dns)}`);
  if (route !== null) lines.push(`  route   ${route}`);
  for (const note of notes) lines.push(`  note    ${note}`);
  return `${lines.join('\n')}\n`;
}

function explainDns(
  names: readonly string[],
  name: string,
  { filter }: ScopedFilter,
  context: ExplainContext,
): Explanation['dns'] {
  const fixed = filter.settings.dns.enabled ? filter.host(names) : undefined;
  const { answer, rule } = filter.resolve(names);
  const cluster = answer === 'cluster' || (answer === 'default' && isClusterName(name, context.names));
  const by = fixed !== undefined ? 'fixed' : cluster ? 'cluster' : 'machine';
  const found = context.answer;
  return {
    by: found?.by ?? by,
    addresses: found?.addresses ?? fixed ?? [],
    source: found?.source ?? (by === 'fixed' ? 'feature.network.dns.hosts' : null),
    failure: found?.failure ?? null,
    rule: shown(rule),
  };
}

/** Entries that would decide, were the question for the name seen. */
function unseen(rules: readonly FilterRule[], decided: Rule | null): string[] {
  return rules
    .filter(({ rule }) => rule !== decided)
    .map(({ rule }) => `${formatRule(rule)} = ${JSON.stringify(rule.text)}`)
    .map((rule) => `feature.network.dns is off, so the address decides, not ${rule}`);
}

function notesOf({ holders, names }: ExplainContext, address: string | null): string[] {
  // A host counts once, however many of its forms were asked for.
  const seen = new Set<string>();
  const hosts = (holders ?? []).filter(({ name }) => {
    const isNew = !seen.has(name);
    for (const form of nameForms(name, names)) seen.add(form);
    return isNew;
  });
  const [first, ...others] = hosts;
  if (address === null || first === undefined || others.length === 0) return [];
  const list = others.map(({ name }) => name).join(', ');
  return [`${address} is also ${list}; it follows ${first.name}, the last name that was looked up`];
}

function ruleText({ rule, reason, range }: Explanation): string {
  const where = rule === null ? '' : `${rule.key} = ${JSON.stringify(rule.value)}`;
  switch (reason) {
    case 'filter':
    case 'listed':
    case 'included':
    case 'excluded':
      return where;
    case 'protocol-off':
      return `${rule?.key} is off`;
    case 'ipv6-off':
      return 'feature.network.ipv6 is off';
    case 'ipv6-shut':
      return 'none: feature.network.outgoing.scope is "all", and the cluster has no IPv6';
    case 'not-listed':
      return 'none: feature.network.outgoing.filter.remote does not list it';
    case 'cluster-range':
      return `none: in the cluster's range ${range}`;
    case 'cluster-name':
      return 'none: a name of the cluster';
    case 'everything':
      return 'none: feature.network.outgoing.scope is "all"';
    case 'out-of-scope':
      return "none: outside the cluster's ranges and names";
    case 'never':
      return `none: ${range} is never captured`;
    case 'loopback':
      return 'none: loopback is never captured';
    case 'link':
      return `none: ${range} is the local link's own range`;
  }
}

function dnsText(dns: NonNullable<Explanation['dns']>): string {
  const by = {
    machine: 'answered by this machine',
    cluster: 'answered by the cluster',
    fixed: 'answered by the configuration',
  };
  const details = [dns.addresses.join(', '), dns.failure ?? '', dns.source ?? ''].filter((part) => part !== '');
  return details.length === 0 ? by[dns.by] : `${by[dns.by]} (${details.join(', ')})`;
}

function goes(side: Side): string {
  return side === 'local' ? 'stays on this machine' : 'goes to the cluster';
}

function shown(rule: Rule | null): { key: string; value: string } | null {
  return rule === null ? null : { key: formatRule(rule), value: rule.text };
}
