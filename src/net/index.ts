/**
 * Addresses and CIDR ranges, IPv4 and IPv6 alike.
 *
 * Everything here is a value: an address is its 4 or 16 bytes in network order, a range is its first address and a
 * prefix length, a set of ranges is a plain array in canonical form (`mergeRanges`).  Text that does not parse is
 * `null`, never an exception; who asked knows what to tell the user.  Nothing here knows of interfaces, routes, names
 * or the cluster.
 */
export type { AddressBytes } from './address.ts';
export { formatAddress, formatAddressAt, parseAddress, sameAddress } from './address.ts';
export type { Cidr } from './cidr.ts';
export { cidrContains, cidrHolds, clearHostBits, formatCidr, hostCidr, overlap, parseCidr } from './cidr.ts';
export { containingRange, excludeRanges, mergeRanges, overlappingRanges, parseRanges } from './ranges.ts';
export { isLinkLocal, isLoopback } from './scope.ts';
