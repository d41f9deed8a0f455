/** What the machine's network should be like, and what is asked about it. */

/** Desired state: the machine is made equal to it; the same wish twice changes nothing. */
export interface NetworkState {
  readonly addresses: readonly string[];
  readonly mtu: number;
  /** CIDRs that enter the TUN. */
  readonly routes: readonly string[];
  /** CIDRs inside a routed range that keep their old path. */
  readonly pins: readonly string[];
  /** What stays on this machine by port or protocol: policy rules in front of the TUN's routes. */
  readonly rules: readonly PolicyRule[];
  /** CIDRs that programs must find unreachable at once (IPv6 where the cluster has none). */
  readonly unreachable: readonly string[];
  /** With everything routed: the far side's own, which a socket enters as well that is bound to an address of this machine. */
  readonly farRanges: readonly string[];
  /** Its address, one of `routes`: what stays outside the session asks there all the same. */
  readonly resolver: string | null;
  readonly forwarded: Forwarded;
}

/** Which other machines may use the session: those on its bridges, none, or those with a source in these CIDRs. */
export type Forwarded = 'bridges' | 'off' | readonly string[];

/** What names have added to the ranges: whole, each time.  It goes before the network state. */
export interface NamedState {
  /** Single addresses. */
  readonly routes: readonly string[];
  readonly pins: readonly string[];
  readonly rules: readonly PolicyRule[];
}

export interface PolicyRule {
  readonly destination: string;
  readonly protocol?: 'tcp' | 'udp';
  readonly port?: number;
  /** `local`: use the machine's old path.  `remote`: enter the TUN. */
  readonly side: 'local' | 'remote';
}

export interface RouteQuestion {
  readonly address: string;
  readonly protocol: 'tcp' | 'udp' | null;
  readonly port: number | null;
}

/** A TCP flow whose program has bound itself to an address of the machine's own. */
export interface BoundFlow {
  readonly source: SocketAddress;
  readonly destination: SocketAddress;
}

export interface SocketAddress {
  readonly host: string;
  readonly port: number;
}

/**
 * Where the TUN's own addresses lie.  The session picks some that are free; the root part puts no others on the interface,
 * since an address there is this machine's, and its sockets are ended with the session.
 *
 * IPv4 comes from the upper half of the benchmarking range (RFC 2544 and RFC 6890: 198.18.0.0/15), which no real
 * network should route and which, unlike 100.64.0.0/10, no other VPN hands out.  IPv6 comes from a unique local prefix
 * (RFC 4193).
 */
export const VIRTUAL_BLOCKS = { v4: '198.19.0.0/18', v6: 'fd6d:6972:726f::/48' } as const;
