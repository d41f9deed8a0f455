/** The name servers and time-outs of a resolv.conf (resolv.conf(5)); the search list is the client's business. */
import { isIP } from 'node:net';
import { directives, numberOption, SERVERS_MAX } from '../names/resolv-conf.ts';
import { DNS_ATTEMPTS } from './limits.ts';

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
  const options: string[] = [];
  for (const { keyword, words } of directives(text)) {
    if (keyword === 'options') options.push(...words);
    const server = keyword === 'nameserver' ? parseServer(words[0]) : null;
    if (server !== null && servers.length < SERVERS_MAX) servers.push(server);
  }
  const attempts = Math.min(Math.max(numberOption(options, 'attempts') ?? DNS_ATTEMPTS, 1), ATTEMPTS_LIMIT);
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
