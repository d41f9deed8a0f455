/**
 * Which user of the pod is at the other end of a connection over loopback, as the kernel's socket table has it: all
 * connections come from 127.0.0.1, the port-forward's as well as a neighbour's.  (Documentation/networking/proc_net_tcp.rst)
 */
import { readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { endianness } from 'node:os';
import type { SourcesOf } from '../connection/hellos.ts';

const TABLE = '/proc/self/net/tcp';

/** `uid 0`, or `unknown` where the table does not say. */
export const peerUsers: SourcesOf = (transports) => {
  const users = readUsers(tableNow());
  return transports.map((transport) => (transport instanceof Socket && users.get(peerOf(transport))) || 'unknown');
};

/** By the socket's own end and its other end, as `peerOf` writes them. */
export function readUsers(table: string): ReadonlyMap<string, string> {
  const users = new Map<string, string>();
  for (const line of table.split('\n').slice(1)) {
    const [, local = '', remote = '', , , , , user] = line.trim().split(/\s+/);
    if (user !== undefined) users.set(`${local} ${remote}`, `uid ${user}`);
  }
  return users;
}

/** The end that is not ours first. */
function peerOf({ remoteAddress = '', remotePort = 0, localAddress = '', localPort = 0 }: Socket): string {
  return `${tableForm(remoteAddress, remotePort)} ${tableForm(localAddress, localPort)}`;
}

/** `0100007F:0050` for 127.0.0.1:80: the address as one number of the machine's byte order. */
export function tableForm(address: string, port: number): string {
  const bytes = Buffer.from(address.split('.').map(Number));
  if (endianness() === 'LE') bytes.reverse();
  return `${bytes.toString('hex')}:${port.toString(16).padStart(4, '0')}`.toUpperCase();
}

function tableNow(): string {
  try {
    return readFileSync(TABLE, 'latin1');
  } catch {
    // No such table, or none that may be read: then all are of one source.
    return '';
  }
}
