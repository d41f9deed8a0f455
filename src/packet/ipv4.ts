/** IPv4, RFC 791. */
import { read16, write16 } from './bytes.ts';
import { finishSum, sumBytes } from './checksum.ts';
import type { DropReason, IpView } from './ip.ts';

/** Without options; we never send any. */
export const IPV4_HEADER_LENGTH = 20;
/** RFC 1340's recommendation, and Linux' default. */
const TIME_TO_LIVE = 64;

const DONT_FRAGMENT = 0x4000;
const MORE_FRAGMENTS = 0x2000;
const OFFSET_MASK = 0x1fff;

/** Reads the packet of `length` bytes at `start` into `view`. */
export function decodeIpv4(bytes: Uint8Array, start: number, length: number, view: IpView): DropReason | null {
  if (length < IPV4_HEADER_LENGTH) return 'ipv4-truncated';
  if (bytes[start] >> 4 !== 4) return 'ipv4-version';
  const headerLength = (bytes[start] & 15) * 4;
  const total = read16(bytes, start + 2);
  if (headerLength < IPV4_HEADER_LENGTH || total < headerLength) return 'ipv4-length';
  if (total > length) return 'ipv4-truncated';
  if (finishSum(sumBytes(bytes, start, headerLength, 0)) !== 0) return 'ipv4-checksum';
  const fragment = read16(bytes, start + 6);
  view.start = start;
  view.end = start + total;
  view.addresses = start + 12;
  view.addressesLength = 8;
  view.protocol = bytes[start + 9]!;
  view.protocolAt = start + 9;
  view.payload = start + headerLength;
  view.payloadLength = total - headerLength;
  view.isFragment = (fragment & (MORE_FRAGMENTS | OFFSET_MASK)) !== 0;
  view.fragmentOffset = (fragment & OFFSET_MASK) * 8;
  view.moreFragments = (fragment & MORE_FRAGMENTS) !== 0;
  view.fragmentId = read16(bytes, start + 4);
  return null;
}

/**
 * Writes a header at `at`, whose addresses (source, destination: 8 bytes at `at + 12`) are already in place.
 * `fragment` is null for a packet that must not be fragmented, else the identification, the offset in bytes and
 * whether more follow.
 */
export function encodeIpv4(
  bytes: Uint8Array,
  at: number,
  protocol: number,
  payloadLength: number,
  fragment: { readonly id: number; readonly offset: number; readonly more: boolean } | null,
): void {
  bytes[at] = 0x45;
  bytes[at + 1] = 0;
  write16(bytes, at + 2, IPV4_HEADER_LENGTH + payloadLength);
  write16(bytes, at + 4, fragment === null ? 0 : fragment.id);
  write16(
    bytes,
    at + 6,
    fragment === null ? DONT_FRAGMENT : (fragment.offset >> 3) | (fragment.more ? MORE_FRAGMENTS : 0),
  );
  bytes[at + 8] = TIME_TO_LIVE;
  bytes[at + 9] = protocol;
  write16(bytes, at + 10, 0);
  write16(bytes, at + 10, finishSum(sumBytes(bytes, at, IPV4_HEADER_LENGTH, 0)));
}
