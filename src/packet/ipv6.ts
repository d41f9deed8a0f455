/** IPv6 with its extension headers, RFC 8200; the authentication header's length is RFC 4302's. */
import { read16, read32, write16, write32 } from './bytes.ts';
import { PROTOCOL, type DropReason, type IpView } from './ip.ts';

export const IPV6_HEADER_LENGTH = 40;
export const FRAGMENT_HEADER_LENGTH = 8;
const HOP_LIMIT = 64;
/** RFC 8200 section 4.1 lists at most seven in one packet; more is an attack or a mistake. */
const EXTENSION_LIMIT = 8;

/** Reads the packet of `length` bytes at `start` into `view`, past every extension header up to a fragment header. */
export function decodeIpv6(bytes: Uint8Array, start: number, length: number, view: IpView): DropReason | null {
  if (length < IPV6_HEADER_LENGTH) return 'ipv6-truncated';
  if (bytes[start] >> 4 !== 6) return 'ipv6-version';
  const end = start + IPV6_HEADER_LENGTH + read16(bytes, start + 4);
  if (end > start + length) return 'ipv6-truncated';
  view.start = start;
  view.end = end;
  view.addresses = start + 8;
  view.addressesLength = 32;
  view.protocolAt = start + 6;
  view.protocol = bytes[start + 6]!;
  view.isFragment = false;
  view.fragmentOffset = 0;
  view.moreFragments = false;
  view.fragmentId = 0;
  let at = start + IPV6_HEADER_LENGTH;
  for (let count = 0; isExtension(view.protocol) && !view.isFragment; count++) {
    if (count === EXTENSION_LIMIT) return 'ipv6-extensions';
    if (at + 8 > end) return 'ipv6-truncated';
    const protocol = view.protocol;
    // Only right after the IPv6 header (section 4.3); and a route with hops left is not for us (section 4.4).
    if (protocol === PROTOCOL.hopByHop && count > 0) return 'ipv6-extensions';
    if (protocol === PROTOCOL.routing && bytes[at + 3] !== 0) return 'ipv6-routing';
    if (protocol === PROTOCOL.fragment) readFragment(bytes, at, view);
    view.protocol = bytes[at]!;
    view.protocolAt = at;
    at += extensionLength(protocol, bytes[at + 1]);
    if (at > end) return 'ipv6-truncated';
  }
  view.payload = at;
  view.payloadLength = end - at;
  return null;
}

/** Writes a header at `at`, whose addresses (source, destination: 32 bytes at `at + 8`) are already in place. */
export function encodeIpv6(bytes: Uint8Array, at: number, protocol: number, payloadLength: number): void {
  write32(bytes, at, 0x60000000);
  write16(bytes, at + 4, payloadLength);
  bytes[at + 6] = protocol;
  bytes[at + 7] = HOP_LIMIT;
}

/** Writes a fragment header; `offset` in bytes, a multiple of 8. */
export function encodeFragmentHeader(
  bytes: Uint8Array,
  at: number,
  protocol: number,
  fragment: { readonly id: number; readonly offset: number; readonly more: boolean },
): void {
  bytes[at] = protocol;
  bytes[at + 1] = 0;
  write16(bytes, at + 2, fragment.offset | (fragment.more ? 1 : 0));
  write32(bytes, at + 4, fragment.id);
}

/** An atomic fragment (RFC 6946: offset 0, none follow) is a whole packet. */
function readFragment(bytes: Uint8Array, at: number, view: IpView): void {
  const field = read16(bytes, at + 2);
  view.fragmentOffset = field & 0xfff8;
  view.moreFragments = (field & 1) !== 0;
  view.isFragment = view.moreFragments || view.fragmentOffset !== 0;
  view.fragmentId = read32(bytes, at + 4);
}

function isExtension(protocol: number): boolean {
  return (
    protocol === PROTOCOL.hopByHop ||
    protocol === PROTOCOL.routing ||
    protocol === PROTOCOL.fragment ||
    protocol === PROTOCOL.authentication ||
    protocol === PROTOCOL.destinationOptions
  );
}

function extensionLength(protocol: number, field: number): number {
  if (protocol === PROTOCOL.fragment) return FRAGMENT_HEADER_LENGTH;
  if (protocol === PROTOCOL.authentication) return (field + 2) * 4;
  return (field + 1) * 8;
}
