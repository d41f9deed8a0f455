/**
 * Which requests to a target are taken over: a predicate on one HTTP request.
 *
 * `checkFilter` finds fault with a filter that a configuration or a client gives; `compileFilter` makes it judge.  Pure
 * functions of the request: nothing here knows bytes on a wire, or where a request goes then.  What a request can make
 * a filter do is bounded in time (regex/regex.ts).
 */
export { checkFilter } from './check.ts';
export type { Condition, FilterSpec } from './condition.ts';
export { compileFilter, type RequestFilter } from './filter.ts';
export type { RequestFacts } from './request.ts';
