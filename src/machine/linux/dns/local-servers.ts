/** Who listens on port 53 of a loopback address, from /proc/net/udp and udp6 (the kernel's Documentation/networking/proc_net_tcp.rst). */
import { endianness } from 'node:os';
import { parseAddress } from '../../../net/index.ts';
import type { System } from '../system/system.ts';

const DNS_PORT = '0035';

/** A function from server address to the user ids of the sockets that answer there (wildcard sockets included). */
export function socketOwners({ files }: System): (server: string) => readonly number[] {
  const sockets = ['udp', 'udp6'].flatMap((table) =>
    (files.read(`/proc/net/${table}`) ?? '')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .flatMap(([, local = '', , , , , , uid]) => {
        const [address = '', port] = local.split(':');
        return port === DNS_PORT ? [{ address, uid: Number(uid) }] : [];
      }),
  );
  return (server) => {
    const bytes = parseAddress(server);
    if (bytes === null) return [];
    const text = procText(bytes);
    return sockets.filter(({ address }) => address === text || /^0+$/.test(address)).map(({ uid }) => uid);
  };
}

/** Addresses are printed as 32-bit words in the machine's own byte order. */
function procText(bytes: Uint8Array): string {
  const words = Buffer.from(bytes);
  if (endianness() === 'LE') words.swap32();
  return words.toString('hex').toUpperCase();
}
