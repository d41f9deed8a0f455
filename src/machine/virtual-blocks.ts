/**
 * Where the TUN's own addresses lie.  The session picks some that are free; the root part puts no others on the interface,
 * since an address there is this machine's, and its sockets are ended with the session.
 *
 * IPv4 comes from the upper half of the benchmarking range (RFC 2544 and RFC 6890: 198.18.0.0/15), which no real
 * network should route and which, unlike 100.64.0.0/10, no other VPN hands out.  IPv6 comes from a unique local prefix
 * (RFC 4193).
 */
export const VIRTUAL_BLOCKS = { v4: '198.19.0.0/18', v6: 'fd6d:6972:726f::/48' } as const;
