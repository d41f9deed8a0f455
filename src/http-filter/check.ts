/**
 * Whether a filter can be used.  Both ends ask: the configuration, so that nothing passes there and fails later, and the
 * agent, which takes it from a client.
 */
import { CONDITION_LIMIT } from './condition.ts';
import { JsonPath, QueryError } from './json-path.ts';
import { Regex } from './regex/regex.ts';
import { PatternError } from './regex/syntax.ts';

interface FilterFault {
  /** Below the filter: `all_of[0].header`. */
  readonly at: string;
  /** A clause: `unclosed group at 3`. */
  readonly reason: string;
}

/** A method (RFC 9110, section 9.1). */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** What is wrong with `value`; nothing when it is a `FilterSpec` that compiles. */
export function checkFilter(value: unknown): readonly FilterFault[] {
  if (!isObject(value)) return [{ at: '', reason: 'neither all_of nor any_of' }];
  const [kind, ...others] = Object.keys(value);
  if (others.length > 0 || (kind !== 'all_of' && kind !== 'any_of'))
    return [{ at: '', reason: 'not exactly one of all_of and any_of' }];
  const list: unknown = value[kind];
  if (!Array.isArray(list) || list.length === 0) return [{ at: kind, reason: 'an empty list' }];
  if (list.length > CONDITION_LIMIT) return [{ at: kind, reason: `more than ${CONDITION_LIMIT} conditions` }];
  return list.flatMap((condition: unknown, index) => checkCondition(condition, `${kind}[${index}]`));
}

function checkCondition(condition: unknown, at: string): FilterFault[] {
  const keys = isObject(condition) ? Object.keys(condition).toSorted().join() : '';
  if (!isObject(condition) || !['header', 'path', 'method', 'body,matches,query'].includes(keys))
    return [{ at, reason: 'not one of {header}, {path}, {method} and {body, query, matches}' }];
  return Object.entries(condition).flatMap(([key, value]) => {
    const reason = typeof value === 'string' ? valueFault(key, value) : 'not a text';
    return reason === null ? [] : [{ at: `${at}.${key}`, reason }];
  });
}

function valueFault(key: string, value: string): string | null {
  switch (key) {
    case 'body':
      return value === 'json' ? null : 'not "json"';
    case 'query':
      return faultOf(() => new JsonPath(value));
    case 'method':
      return TOKEN.test(value) ? null : 'not a method';
    default:
      return faultOf(() => new Regex(value, { ignoreCase: true }));
  }
}

function faultOf(make: () => unknown): string | null {
  try {
    make();
    return null;
  } catch (error) {
    if (error instanceof PatternError || error instanceof QueryError) return error.message;
    throw error;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
