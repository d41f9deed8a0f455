/**
 * What a session needs, looked at one thing after the other, the most basic first.
 *
 * Contract: a check is an object with one `run`, which changes nothing on the machine or in the cluster (no interface, no
 * Job) and says what was seen and what to do.  What it looks at comes in through `DoctorContext`; why something fails is
 * found by the same finders that `up` uses (`src/machine`, `src/kube`), never by a second opinion.
 *
 * It must not know how findings are shown, nor who asks.
 */
export type { DoctorContext, Finding } from './check.ts';
export { CLUSTER_CHECKS } from './cluster-checks.ts';
export { DNS_CHECKS } from './dns-checks.ts';
export { Examination } from './examination.ts';
export { KubernetesProbe } from './kubernetes-probe.ts';
export { MACHINE_CHECKS } from './machine-checks.ts';
