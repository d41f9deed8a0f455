import { staysLocal } from './local-names.ts';
import type { EnvironmentRules, Pattern } from './rules.ts';
import { isPassable, type Variables } from './variables.ts';

/**
 * What the pod declares, under what its process really has: an entry point may have changed a value, or added what no
 * manifest tells; what it took away for itself is still the pod's.
 */
export function mergeRemote(declared: Variables, process: Variables): Variables {
  return new Map([...declared, ...process]);
}

/**
 * In this order: remote (what `include` and `exclude` let over), env_file, mapping, override, unset.
 *
 * `include` and `exclude` are about what comes over; env_file and override are the user's own words and pass whole.
 */
export function mergeEnvironment(remote: Variables, envFile: Variables, rules: EnvironmentRules): Variables {
  const merged = new Map<string, string>();
  for (const [name, value] of remote) {
    if (comesOver(name, rules) && isPassable(name, value)) merged.set(name, value);
  }
  for (const [name, value] of envFile) merged.set(name, value);
  for (const name of merged.keys()) {
    const mapped = rules.mapping.find((rule) => rule.name.test(name));
    if (mapped !== undefined) merged.set(name, mapped.value);
  }
  for (const [name, value] of rules.override) merged.set(name, value);
  for (const name of merged.keys()) {
    if (rules.unset.has(name.toLowerCase())) merged.delete(name);
  }
  return merged;
}

function comesOver(name: string, { include, exclude }: EnvironmentRules): boolean {
  // A wildcard does not name PATH, however much it matches.
  if (staysLocal(name)) return include?.some((pattern) => pattern.literal === name) ?? false;
  const matches = (pattern: Pattern): boolean => pattern.expression.test(name);
  return include === undefined ? !exclude.some(matches) : include.some(matches);
}

/** The environment for a program started here.  What is unset is removed, whatever had set it. */
export function overLocal(local: Variables, merged: Variables, unset: Iterable<string>): Variables {
  const gone = new Set([...unset].map((name) => name.toLowerCase()));
  const kept = [...local].filter(([name]) => !gone.has(name.toLowerCase()));
  return new Map([...kept, ...merged]);
}
