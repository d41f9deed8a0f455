/** One of the machine's DNS servers. */
import { isIPv6, SocketAddress } from 'node:net';

export interface UpstreamServer {
  /** As the kernel writes it, so that an answer's source can be compared. */
  readonly host: string;
  readonly port: number;
  readonly family: 4 | 6;
}

/** `text` is an address, an IPv6 one with its scope where it needs one. */
export function toServer(text: string, port: number): UpstreamServer {
  const [address = '', scope] = text.split('%');
  const family = isIPv6(address) ? 6 : 4;
  const canonical = new SocketAddress({ address, family: family === 6 ? 'ipv6' : 'ipv4' }).address;
  return { host: scope === undefined ? canonical : `${canonical}%${scope}`, port, family };
}
