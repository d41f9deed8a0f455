/** The name servers and time-outs of a resolv.conf (resolv.conf(5)); the search list is the client's business. */
import { isIP } from 'node:net';
import { DNS_ATTEMPTS, NAME_SERVER_LIMIT } from './limits.ts';

export interface NameServer {
  readonly address: string;
  readonly port: number;
}

export interface NameServers {
  readonly servers: readonly NameServer[];
  readonly attempts: number;
}

const DNS_PORT = 53;
const ATTEMPTS_LIMIT = 5;

/** `nameserver 10.96.0.10`; a port may follow in brackets form (`[10.96.0.10]:5353`), as in OpenBSD's. */
export function readNameServers(text: string): NameServers {
  const servers: NameServer[] = [];
  let attempts = DNS_ATTEMPTS;
  for (const line of text.split('\n')) {
    const [keyword, ...values] = line.trim().split(/\s+/);
    if (keyword === 'nameserver') {
      const server = parseServer(values[0] ?? '');
      if (server !== null && servers.length < NAME_SERVER_LIMIT) servers.push(server);
    }
    if (keyword !== 'options') continue;
    for (const option of values) {
      const wanted = /^attempts:(\d+)$/.exec(option)?.[1];
      if (wanted !== undefined) attempts = Math.min(Math.max(Number(wanted), 1), ATTEMPTS_LIMIT);
    }
  }
  if (servers.length === 0) servers.push({ address: '127.0.0.1', port: DNS_PORT });
  return { servers, attempts };
}

function parseServer(text: string): NameServer | null {
  const match = /^\[([^\]]+)\]:(\d{1,5})$/.exec(text);
  const address = match?.[1] ?? text;
  // A zone index (`fe80::1%eth0`) is part of the address.
  if (isIP(address.replace(/%.*$/, '')) === 0) return null;
  return { address, port: Number(match?.[2] ?? DNS_PORT) };
}
