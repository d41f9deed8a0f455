/** UDP, RFC 768; over IPv6, RFC 8200 section 8.1. */
import { read16, write16 } from './bytes.ts';
import type { DropReason } from './ip.ts';

export const UDP_HEADER_LENGTH = 8;

export class UdpView {
  sourcePort = 0;
  destinationPort = 0;
  /** 0: the sender computed none. */
  checksum = 0;
  payload = 0;
  payloadLength = 0;
}

/**
 * Reads the datagram of `length` bytes at `offset`.  `isTrain`: several datagrams of one flow behind one header (USO),
 * whose own length field says nothing.
 */
export function decodeUdp(
  bytes: Uint8Array,
  offset: number,
  length: number,
  isTrain: boolean,
  view: UdpView,
): DropReason | null {
  if (length < UDP_HEADER_LENGTH) return 'udp-truncated';
  const own = isTrain ? length : read16(bytes, offset + 4);
  if (own < UDP_HEADER_LENGTH) return 'udp-length';
  if (own > length) return 'udp-truncated';
  view.sourcePort = read16(bytes, offset);
  view.destinationPort = read16(bytes, offset + 2);
  view.checksum = read16(bytes, offset + 6);
  view.payload = offset + UDP_HEADER_LENGTH;
  view.payloadLength = own - UDP_HEADER_LENGTH;
  return null;
}

export function encodeUdp(
  bytes: Uint8Array,
  at: number,
  sourcePort: number,
  destinationPort: number,
  payloadLength: number,
  checksum: number,
): void {
  write16(bytes, at, sourcePort);
  write16(bytes, at + 2, destinationPort);
  write16(bytes, at + 4, UDP_HEADER_LENGTH + payloadLength);
  write16(bytes, at + 6, checksum);
}
