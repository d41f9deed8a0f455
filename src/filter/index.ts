/**
 * The outgoing filter: which destinations go to the cluster, which stay on this machine, and who answers for which name.
 *
 * Everything here is a pure function of the configuration, the cluster's ranges and (in `NameRoutes`) injected time.
 * `Filter` holds the compiled rules; `within(scope)` adds the ranges; `routePlan` says what the kernel has to do by
 * itself, `NameRoutes` what follows from answers to names, `explain` what a user asks.  Nothing here knows how a route is
 * laid, how a name is resolved, or where the configuration was read from.
 */
export { checkCapture } from './capture-check.ts';
export { checkNetwork, type Fault } from './check.ts';
export { describeFilter } from './describe.ts';
export { formatDestination, parseDestination, type ExplainTarget } from './destination.ts';
export { formatEntry, isDomain, parseEntry, type Protocol } from './entry.ts';
export { explain, formatExplanation, type Elsewhere, type ExplainContext, type Explanation } from './explain.ts';
export { Filter, ScopedFilter, type NameDecision } from './filter.ts';
export { NameRoutes, type NameChange, type StandingAnswer } from './name-routes.ts';
export { nameRules, type NameState } from './name-state.ts';
export { routePlan, type RoutePlan } from './route-plan.ts';
export { formatRule, type Rule } from './rule.ts';
export { OUTGOING, type NetworkSettings } from './settings.ts';
export type { Scope } from './scope-table.ts';
