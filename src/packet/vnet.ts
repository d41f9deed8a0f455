/** struct virtio_net_hdr without num_buffers, linux/virtio_net.h; in the machine's byte order, which is little-endian. */

export const VNET_HEADER_LENGTH = 10;

/** needsChecksum: only the pseudo-header's sum is in place.  dataValid: someone has verified the checksum already. */
export const VNET_FLAG = { needsChecksum: 1, dataValid: 2 } as const;

export const GSO = { none: 0, tcp4: 1, udpFragment: 3, tcp6: 4, udpTrain: 5 } as const;
/** Set beside the type when the segments carry CWR. */
const GSO_ECN = 0x80;

export function vnetFlags(bytes: Uint8Array, at: number): number {
  return bytes[at];
}

export function vnetGsoType(bytes: Uint8Array, at: number): number {
  return bytes[at + 1] & ~GSO_ECN;
}

/** The MSS (TCP) or the datagram's payload length (UDP) at which a super-segment falls apart. */
export function vnetGsoSize(bytes: Uint8Array, at: number): number {
  return bytes[at + 4] | (bytes[at + 5] << 8);
}

export function encodeVnet(
  bytes: Uint8Array,
  flags: number,
  gsoType: number,
  headerLength: number,
  gsoSize: number,
  checksumStart: number,
  checksumOffset: number,
): void {
  bytes[0] = flags;
  bytes[1] = gsoType;
  bytes[2] = headerLength;
  bytes[3] = headerLength >> 8;
  bytes[4] = gsoSize;
  bytes[5] = gsoSize >> 8;
  bytes[6] = checksumStart;
  bytes[7] = checksumStart >> 8;
  bytes[8] = checksumOffset;
  bytes[9] = checksumOffset >> 8;
}
