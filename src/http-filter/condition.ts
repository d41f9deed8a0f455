/** One condition of a filter, in the words of mirrord's configuration; plain JSON, as it goes to the agent. */

export interface HeaderCondition {
  /** Searched in each `name: value`. */
  readonly header: string;
}
export interface PathCondition {
  /** Searched in the path, then in the path with its query. */
  readonly path: string;
}
export interface MethodCondition {
  /** The whole method, in any case. */
  readonly method: string;
}
export interface BodyCondition {
  readonly body: 'json';
  /** JSONPath. */
  readonly query: string;
  /** Searched in each value that the query finds: a text as it is, anything else as JSON. */
  readonly matches: string;
}

export type Condition = HeaderCondition | PathCondition | MethodCondition | BodyCondition;

/** One condition alone is a list of one. */
export type FilterSpec = { readonly all_of: readonly Condition[] } | { readonly any_of: readonly Condition[] };

/** Conditions in one filter; each costs every request its time. */
export const CONDITION_LIMIT = 64;
