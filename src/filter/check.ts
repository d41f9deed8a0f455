/**
 * Everything that can be wrong with `feature.network` and needs no cluster to be seen: errors and warnings, all of them.
 */
import { parseAddress, parseCidr, formatCidr } from '../net/index.ts';
import { normalName } from '../names/name.ts';
import { isDomain, type Entry } from './entry.ts';
import { readRuleList } from './rule-list.ts';
import { hostText, isNamed } from './propagation.ts';
import { formatRule, type FilterRule } from './rule.ts';
import {
  DNS,
  DNS_FILTER,
  filterList,
  OUTGOING,
  OUTGOING_FILTER,
  type FilterLists,
  type NetworkSettings,
} from './settings.ts';

/** Entries of one list: what the kernel is asked to hold for them stays within some seconds of work. */
export const MAX_ENTRIES = 16_000;

/** Each is a rule that the kernel asks for every connection. */
const MAX_FORWARDED = 256;

const NO_RANGE = 'it is not a range; write it like 10.0.0.0/8, fd00::/8 or 10.1.2.3';

/** One thing that is wrong, in the terms of the user's file. */
export interface Fault {
  /** Dotted key, with the place in a list: `feature.network.outgoing.filter.local[2]`. */
  readonly key: string;
  readonly value: unknown;
  readonly reason: string;
}

export interface NetworkCheck {
  readonly faults: readonly Fault[];
  readonly warnings: readonly Fault[];
}

export function checkNetwork(settings: NetworkSettings): NetworkCheck {
  const check = new Check();
  const outgoing = check.list(OUTGOING_FILTER, settings.outgoing.filter, 'outgoing');
  const dns = check.list(DNS_FILTER, settings.dns.filter, 'dns');
  check.routes(settings);
  check.domains(settings);
  check.forwarded(settings);
  check.hosts(settings);
  check.almostAddresses([...outgoing, ...dns]);
  check.switches(settings, outgoing);
  check.dnsSettings(settings, outgoing, dns);
  check.bothSides(settings, outgoing, dns);
  return check;
}

class Check implements NetworkCheck {
  readonly faults: Fault[] = [];
  readonly warnings: Fault[] = [];

  list(key: string, lists: FilterLists | undefined, kind: 'outgoing' | 'dns'): FilterRule[] {
    if (lists === undefined) return [];
    const { local, remote } = lists;
    if (local !== undefined && remote !== undefined)
      this.#fault(key, lists, 'local and remote exclude each other; keep one');
    if (local === undefined && remote === undefined) this.#fault(key, lists, 'it needs one list, local or remote');
    let rules: FilterRule[] = [];
    for (const [side, entries] of Object.entries({ local, remote })) {
      if (entries === undefined) continue;
      if (entries.length === 0 && kind === 'outgoing')
        this.#fault(`${key}.${side}`, entries, 'the list is empty; leave it out');
      if (entries.length === 0 && kind === 'dns') {
        this.#warn(
          `${key}.${side}`,
          entries,
          `the list is empty: every name is answered by ${side === 'local' ? 'the cluster as without it' : 'this machine'}`,
        );
      }
      if (entries.length > MAX_ENTRIES)
        this.#fault(
          `${key}.${side}`,
          entries.length,
          `the list has more than ${MAX_ENTRIES} entries; use ranges or wildcards`,
        );
      const list = readRuleList(`${key}.${side}`, entries, kind);
      rules = [...rules, ...list.rules];
      for (const { rule, fault } of list.faults) {
        this.#fault(formatRule(rule), rule.text, `${fault.reason} (position ${fault.position})`);
      }
    }
    return rules;
  }

  routes({ outgoing }: NetworkSettings): void {
    const seen = new Map<string, string>();
    for (const list of ['include', 'exclude'] as const) {
      for (const [index, text] of outgoing.routes[list].entries()) {
        const key = `${OUTGOING}.routes.${list}[${index}]`;
        const range = parseCidr(text);
        if (range === null) {
          this.#fault(key, text, NO_RANGE);
          continue;
        }
        const other = seen.get(formatCidr(range));
        if (other !== undefined && !other.startsWith(`${OUTGOING}.routes.${list}[`)) {
          this.#fault(key, text, `the same range is also in ${other}`);
        }
        seen.set(formatCidr(range), key);
      }
    }
    if (outgoing.routes.include.length > 0 && outgoing.filter?.remote !== undefined) {
      this.#warn(
        `${OUTGOING}.routes.include`,
        outgoing.routes.include,
        'it has no effect with filter.remote, which alone decides what goes to the cluster',
      );
    }
  }

  domains({ dns }: NetworkSettings): void {
    for (const [index, text] of dns.domains.entries()) {
      const key = `${DNS}.domains[${index}]`;
      if (!isDomain(text))
        this.#fault(key, text, 'it is not a domain; write it like prod.example.com, without a wildcard');
    }
  }

  forwarded({ outgoing: { forwarded } }: NetworkSettings): void {
    if (typeof forwarded === 'string') return;
    const key = `${OUTGOING}.forwarded`;
    if (forwarded.length === 0)
      this.#fault(key, forwarded, 'the list is empty; to let no other machine in, write "off"');
    if (forwarded.length > MAX_FORWARDED) {
      this.#fault(key, forwarded.length, `the list has more than ${MAX_FORWARDED} ranges`);
    }
    for (const [index, text] of forwarded.entries()) {
      if (parseCidr(text) === null) this.#fault(`${key}[${index}]`, text, NO_RANGE);
    }
  }

  hosts({ dns }: NetworkSettings): void {
    const seen = new Map<string, string>();
    for (const [name, addresses] of Object.entries(dns.hosts)) {
      const key = `${DNS}.hosts.${name}`;
      const other = seen.get(normalName(name));
      if (!isDomain(name)) this.#fault(key, name, 'it is not a host name');
      else if (other !== undefined) this.#fault(key, name, `the same name is also listed as ${JSON.stringify(other)}`);
      seen.set(normalName(name), name);
      if (addresses.length === 0) this.#fault(key, addresses, 'it needs an address');
      for (const address of addresses) {
        if (parseAddress(address) === null)
          this.#fault(key, address, `${JSON.stringify(address)} is not an IP address`);
      }
    }
  }

  /** Programs read such a text as an address in their own ways, or not at all; it is compared as a name. */
  almostAddresses(rules: readonly FilterRule[]): void {
    for (const { entry, rule } of rules) {
      if (entry.host.kind === 'name' && /^[0-9.]+$/.test(entry.host.name))
        this.#warn(formatRule(rule), rule.text, 'it is not an address, so it is read as a name');
    }
  }

  switches({ outgoing, ipv6 }: NetworkSettings, rules: readonly FilterRule[]): void {
    for (const { entry, rule } of rules) {
      if (entry.protocol !== 'any' && !outgoing[entry.protocol]) {
        this.#warn(formatRule(rule), rule.text, `${entry.protocol} is off, so the entry is dropped`);
      } else if (rule.key.endsWith('.remote') && isVersion6(entry) && !ipv6) {
        this.#warn(formatRule(rule), rule.text, 'feature.network.ipv6 is off, so the entry has no effect');
      } else if (rule.key.endsWith('.remote') && isLoopback(entry)) {
        this.#warn(formatRule(rule), rule.text, 'loopback is never captured, so the entry has no effect');
      }
    }
    if (!outgoing.tcp && !outgoing.udp && outgoing.filter !== undefined) {
      this.#warn(OUTGOING_FILTER, outgoing.filter, 'tcp and udp are both off, so the filter has no effect');
    }
  }

  dnsSettings({ dns }: NetworkSettings, outgoing: readonly FilterRule[], own: readonly FilterRule[]): void {
    if (!dns.enabled) {
      if (dns.filter !== undefined)
        this.#warn(DNS_FILTER, dns.filter, 'feature.network.dns is off, so the filter has no effect');
      if (Object.keys(dns.hosts).length > 0)
        this.#warn(`${DNS}.hosts`, dns.hosts, 'feature.network.dns is off, so it has no effect');
      for (const rule of outgoing) {
        if (!isNamed(rule) || !rule.rule.key.endsWith('.remote')) continue;
        this.#warn(
          formatRule(rule.rule),
          rule.rule.text,
          'feature.network.dns is off, so this machine resolves the name, and other names with the same address cannot be told apart',
        );
      }
      return;
    }
    for (const { entry, rule } of own) {
      if (entry.port === null) {
        if (entry.host.kind !== 'any-address') continue;
        this.#warn(formatRule(rule), rule.text, 'it names no host, so it only applies to reverse names');
        continue;
      }
      const effect =
        entry.host.kind === 'any' || entry.host.kind === 'any-address'
          ? 'the entry has no effect'
          : 'its port is ignored';
      this.#warn(formatRule(rule), rule.text, `a DNS question names no port, so ${effect}`);
    }
  }

  bothSides(
    { outgoing, dns }: NetworkSettings,
    connections: readonly FilterRule[],
    lookups: readonly FilterRule[],
  ): void {
    const side = filterList(outgoing.filter)?.side;
    const other = filterList(dns.filter)?.side;
    if (side === undefined || other === undefined || side === other || !dns.enabled) return;
    const listed = new Map(lookups.filter(isNamed).map((rule) => [hostText(rule), rule]));
    for (const rule of connections) {
      const lookup = listed.get(hostText(rule));
      if (!isNamed(rule) || lookup === undefined) continue;
      this.#warn(
        formatRule(rule.rule),
        rule.rule.text,
        `connections are ${side}, but ${formatRule(lookup.rule)} has the name resolved ${other === 'local' ? 'locally' : 'remotely'}`,
      );
    }
  }

  #fault(key: string, value: unknown, reason: string): void {
    this.faults.push({ key, value, reason });
  }

  #warn(key: string, value: unknown, reason: string): void {
    this.warnings.push({ key, value, reason });
  }
}

function isVersion6({ host }: Entry): boolean {
  return host.kind === 'range' && host.range.address.length === 16;
}

function isLoopback({ host }: Entry): boolean {
  if (host.kind === 'name') return normalName(host.name) === 'localhost' || host.name.endsWith('.localhost');
  if (host.kind !== 'range') return false;
  const { address, prefix } = host.range;
  return address.length === 4
    ? address[0] === 127 && prefix >= 8
    : prefix === 128 && formatCidr(host.range) === '::1/128';
}
