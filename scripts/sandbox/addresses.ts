/**
 * Every address of the sandbox.  The "internet" uses documentation ranges (RFC 5737, RFC 3849), the cluster the ranges
 * that clusters usually have.
 */

/** Both families of one host. */
export interface Host {
  readonly v4: string;
  readonly v6: string;
}

export const CLUSTER_DNS: Host = { v4: '10.96.0.10', v6: 'fd00:10:96::a' };

/** In the pod range, but no pod has it: the cluster finds out by itself, after a moment. */
export const ABSENT_POD = '10.244.0.200';
/** The cluster has a route that says "unreachable" for these. */
export const UNREACHABLE_RANGE = '10.244.99.0/24';
/** A port that the cluster's firewall drops silently. */
export const FILTERED_PORT = 9999;

export const DEVELOPER: Host = { v4: '198.51.100.2', v6: '2001:db8:100::2' };
export const GATEWAY: Host = { v4: '198.51.100.1', v6: '2001:db8:100::1' };
export const PUBLIC_DNS: Host = { v4: '198.51.100.53', v6: '2001:db8:100::53' };
export const PUBLIC_WEB: Host = { v4: '203.0.113.80', v6: '2001:db8:80::80' };

export const pod = (n: number): Host => ({ v4: `10.244.0.${n}`, v6: `fd00:10:244::${n.toString(16)}` });
export const service = (n: number): Host => ({
  v4: `10.96.10.${n}`,
  v6: `fd00:10:96::a${n.toString(16).padStart(2, '0')}`,
});
