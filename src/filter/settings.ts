/**
 * What the filter needs of the configuration: the values under `feature.network`, defaults filled in.
 */
export interface NetworkSettings {
  readonly outgoing: {
    readonly tcp: boolean;
    readonly udp: boolean;
    readonly filter?: FilterLists | undefined;
    readonly scope: 'cluster' | 'all';
    /** Which other machines may use the session: those on its bridges, none, or those with a source in these CIDRs. */
    readonly forwarded: 'bridges' | 'off' | readonly string[];
    /** CIDRs. */
    readonly routes: { readonly include: readonly string[]; readonly exclude: readonly string[] };
  };
  readonly dns: {
    readonly enabled: boolean;
    readonly filter?: FilterLists | undefined;
    /** The cluster's, with every name below them. */
    readonly domains: readonly string[];
    /** Name to addresses. */
    readonly hosts: Readonly<Record<string, readonly string[]>>;
  };
  readonly ipv6: boolean;
}

/** One of the two is there. */
export interface FilterLists {
  readonly local?: readonly string[] | undefined;
  readonly remote?: readonly string[] | undefined;
}

export const OUTGOING = 'feature.network.outgoing';
export const OUTGOING_FILTER = `${OUTGOING}.filter`;
export const DNS = 'feature.network.dns';
export const DNS_FILTER = `${DNS}.filter`;

/** The list that is there, with its side. */
export function filterList(
  lists: FilterLists | undefined,
): { readonly side: 'local' | 'remote'; readonly entries: readonly string[] } | null {
  if (lists?.local !== undefined) return { side: 'local', entries: lists.local };
  if (lists?.remote !== undefined) return { side: 'remote', entries: lists.remote };
  return null;
}
