/** How programs on the machine should find names. */

export type DnsModeChoice = 'auto' | 'resolved' | 'nftables' | 'resolv.conf' | 'off';
export type DnsMode = Exclude<DnsModeChoice, 'auto'>;

export interface DnsState {
  readonly mode: DnsModeChoice;
  /** Virtual addresses of the resolver behind the TUN. */
  readonly servers: readonly string[];
  /** For the nftables redirect; what is sent to no server of these passes untouched. */
  readonly redirects: readonly DnsRedirect[];
  /**
   * By what the resolver's own questions upstream are known, which the redirect lets pass: the session's user, and by UDP
   * this hop limit, by TCP these source ports.
   */
  readonly exempt: { readonly hopLimit: number; readonly tcp: readonly number[] };
  /** Search list to add, in order. */
  readonly search: readonly string[];
  /** Names that must come to us: the cluster's zones, `svc`, namespaces, reverse zones, remote filter names. */
  readonly domains: readonly string[];
  /** Every name must come to us (`scope: "all"`, or filters that need to see all names). */
  readonly everything: boolean;
}

/** How names are taken over just now. */
export interface DnsInForce {
  readonly mode: DnsMode;
  /** One line that says why it was chosen. */
  readonly reason: string;
  /** Whether there is a weakness that people want to know at once. */
  readonly isNotable: boolean;
}

/** A server that programs ask, and the resolver's loopback port for it: the same for UDP and TCP. */
export interface DnsRedirect {
  readonly server: string;
  readonly port: number;
}

/** What the user has asked for about names: no later wish of the session goes beyond it. */
export interface AskedNames {
  /** Public suffixes, or domains above some, that may be taken over. */
  readonly domains: readonly string[];
  /** Whether `DnsState.everything` may be. */
  readonly everything: boolean;
}
