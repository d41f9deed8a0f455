/** What the two versions of IP have in common once their header is read. */

/** Names under which dropped packets are counted. */
export type DropReason = string;

/** IANA protocol numbers that this program reads or writes. */
export const PROTOCOL = {
  hopByHop: 0,
  icmp: 1,
  tcp: 6,
  udp: 17,
  routing: 43,
  fragment: 44,
  authentication: 51,
  icmp6: 58,
  none: 59,
  destinationOptions: 60,
} as const;

/** A decoded IP header: offsets into the packet's own memory.  One view serves all packets, one after the other. */
export class IpView {
  /** Start of the IP header, and the end of the packet by the header's own length field. */
  start = 0;
  end = 0;
  /** Offset of the source address; the destination follows it.  8 bytes together, or 32. */
  addresses = 0;
  addressesLength = 8;
  /** The upper layer's protocol number, and where it was read from (the pointer of an ICMPv6 parameter problem). */
  protocol = 0;
  protocolAt = 0;
  /** Upper layer header and everything after it; of a fragment, that fragment's piece. */
  payload = 0;
  payloadLength = 0;
  isFragment = false;
  /** In bytes. */
  fragmentOffset = 0;
  moreFragments = false;
  fragmentId = 0;
}
