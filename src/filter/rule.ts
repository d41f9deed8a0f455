import type { Entry } from './entry.ts';

export type Side = 'local' | 'cluster';

/** Where in the configuration a decision comes from. */
export interface Rule {
  /** Dotted key: `feature.network.outgoing.filter.local`. */
  readonly key: string;
  /** Place in the list, from 0; null when the key is not a list. */
  readonly index: number | null;
  /** The value as the user wrote it. */
  readonly text: string;
}

/** One entry of a list, with its place. */
export interface FilterRule {
  readonly entry: Entry;
  readonly rule: Rule;
}

/** `feature.network.outgoing.filter.local[0]`. */
export function formatRule(rule: Rule): string {
  return rule.index === null ? rule.key : `${rule.key}[${rule.index}]`;
}

/** Which protocols are on. */
export interface Protocols {
  readonly tcp: boolean;
  readonly udp: boolean;
}

/** Whether the entry means every connection to its host, so that a route or a pin can say it without port or protocol. */
export function takesAll({ entry }: FilterRule, protocols: Protocols): boolean {
  if (entry.port !== null) return false;
  return entry.protocol === 'any' || (entry.protocol === 'tcp' ? !protocols.udp : !protocols.tcp);
}
