/** The Internet checksum, RFC 1071. */
import { read16 } from './bytes.ts';

/** Adds `length` bytes as 16-bit words to `initial`; an odd last byte counts as if a zero followed. Not folded. */
export function sumBytes(bytes: Uint8Array, offset: number, length: number, initial: number): number {
  let sum = initial;
  const even = offset + (length & ~1);
  for (let i = offset; i < even; i += 2) sum += (bytes[i] << 8) | bytes[i + 1];
  if ((length & 1) !== 0) sum += bytes[even] << 8;
  return fold(sum);
}

/** The value for a checksum field: one's complement of the folded sum.  Zero means that a received sum is right. */
export function finishSum(sum: number): number {
  return ~fold(sum) & 0xffff;
}

/**
 * Folded sum of the pseudo-header (RFC 9293 section 3.1, RFC 8200 section 8.1): what VNET_FLAG.needsChecksum expects
 * in the checksum field.  `addresses` is the offset of source and destination, `addressesLength` 8 or 32.
 */
export function pseudoHeaderSum(
  bytes: Uint8Array,
  addresses: number,
  addressesLength: number,
  protocol: number,
  length: number,
): number {
  let sum = protocol + (length >>> 16) + (length & 0xffff);
  for (let i = addresses; i < addresses + addressesLength; i += 2) sum += read16(bytes, i);
  return fold(sum);
}

function fold(sum: number): number {
  let folded = (sum & 0xffff) + (sum >>> 16);
  folded = (folded & 0xffff) + (folded >>> 16);
  return folded;
}
