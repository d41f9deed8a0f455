import { parseEntry, type EntryFault } from './entry.ts';
import type { FilterRule, Rule } from './rule.ts';

/** A list of entries, read: the rules, and what is not an entry. */
export interface RuleList {
  readonly rules: readonly FilterRule[];
  readonly faults: readonly { readonly rule: Rule; readonly fault: EntryFault }[];
}

/** A configuration is checked and then compiled: a list of many thousand entries is read only once. */
const known = new WeakMap<readonly string[], RuleList>();

/** `key` is the list's own, with `.local` or `.remote`; the same list always has the same. */
export function readRuleList(key: string, entries: readonly string[], kind: 'outgoing' | 'dns'): RuleList {
  const read = known.get(entries);
  if (read !== undefined && read.rules[0]?.rule.key === key) return read;
  const rules: FilterRule[] = [];
  const faults: { rule: Rule; fault: EntryFault }[] = [];
  for (const [index, text] of entries.entries()) {
    const rule = { key, index, text };
    const parsed = parseEntry(text, kind);
    if ('entry' in parsed) rules.push({ entry: parsed.entry, rule });
    else faults.push({ rule, fault: parsed.fault });
  }
  const list = { rules, faults };
  known.set(entries, list);
  return list;
}
