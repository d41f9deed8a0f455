/**
 * Codecs of the wire formats, one protocol a file.
 *
 * A decoder checks a header once against the bytes that are there and fills in a view that its caller owns and uses
 * again for the next packet; it returns null, or the reason why the packet must be dropped.  Nothing is thrown and
 * nothing is allocated.  An encoder writes at an offset into memory that its caller owns.  Nothing here keeps state,
 * knows a flow, or decides what to do about a packet.
 */
export { read16, read32, write16 } from './bytes.ts';
export { finishSum, pseudoHeaderSum, sumBytes } from './checksum.ts';
export { IpView, PROTOCOL } from './ip.ts';
export { IPV4_HEADER_LENGTH, decodeIpv4, encodeIpv4 } from './ipv4.ts';
export { FRAGMENT_HEADER_LENGTH, IPV6_HEADER_LENGTH, decodeIpv6, encodeFragmentHeader, encodeIpv6 } from './ipv6.ts';
export {
  TCP_FLAG,
  TCP_HEADER_LENGTH,
  TcpOptions,
  TcpView,
  decodeTcp,
  decodeTcpOptions,
  encodeTcp,
  lowestSackEdge,
  sackOption,
  synOptions,
} from './tcp.ts';
export { UDP_HEADER_LENGTH, UdpView, decodeUdp, encodeUdp } from './udp.ts';
export { ICMP_HEADER_LENGTH, ICMP4, ICMP6, encodeIcmp } from './icmp.ts';
export { GSO, VNET_FLAG, VNET_HEADER_LENGTH, encodeVnet, vnetFlags, vnetGsoSize, vnetGsoType } from './vnet.ts';
