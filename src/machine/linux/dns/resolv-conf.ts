/** The grammar of resolv.conf(5), as far as the take-over needs it. */
import { parseAddress } from '../../../net/index.ts';
import type { Files } from '../../files.ts';

/** Whom programs ask. */
export const RESOLV_CONF = '/etc/resolv.conf';

/** Whom systemd-resolved asks, in its own words. */
export const RESOLVED_SERVERS = '/run/systemd/resolve/resolv.conf';

export interface ResolvConf {
  readonly servers: readonly string[];
  readonly search: readonly string[];
  /** Words of the `options` lines, in order. */
  readonly options: readonly string[];
}

/** glibc reads this many servers and no more (MAXNS). */
const SERVERS_MAX = 3;

/** Without an option; and its upper bound (RES_MAXNDOTS). */
const NDOTS_DEFAULT = 1;
const NDOTS_MAX = 15;

/**
 * What is searched where the file says nothing about it: what is behind the first dot of the machine's name
 * (resolv.conf(5), `search`).
 */
export function localDomain(files: Files): string {
  const name = (files.read('/proc/sys/kernel/hostname') ?? '').trim();
  return name.includes('.') ? name.slice(name.indexOf('.') + 1) : '';
}

/** `local`: the machine's domain (`localDomain`). */
export function parseResolvConf(text: string, local = ''): ResolvConf {
  const servers: string[] = [];
  const options: string[] = [];
  let search: readonly string[] = [local];
  for (const line of text.split('\n')) {
    // A comment has its mark in the first column.
    if (line.startsWith('#') || line.startsWith(';')) continue;
    const [keyword, ...words] = line.trim().split(/\s+/);
    if (keyword === 'nameserver' && words[0] !== undefined && isServer(words[0])) servers.push(words[0]);
    if (keyword === 'search') search = words;
    if (keyword === 'domain') search = words.slice(0, 1);
    if (keyword === 'options') options.push(...words);
  }
  return { servers, search: search.filter((name) => name !== '.' && name !== ''), options };
}

export function ndots(options: readonly string[]): number {
  const value = options.findLast((option) => option.startsWith('ndots:'))?.slice('ndots:'.length);
  return value === undefined || !/^\d+$/.test(value) ? NDOTS_DEFAULT : Math.min(Number(value), NDOTS_MAX);
}

/** An IPv6 address may carry a zone: `fe80::1%eth0`. */
const isServer = (text: string): boolean => parseAddress(text.replace(/%.*$/, '')) !== null;

/**
 * The text that leads to us: our servers, our search list before the machine's own, the machine's options.  Its `ndots` too:
 * with a pod's 5, `www.bank.com` would be tried as a service of a namespace called `com` first.
 */
export function formatResolvConf(
  name: string,
  before: ResolvConf,
  ours: { readonly servers: readonly string[]; readonly search: readonly string[] },
): string {
  const search = [...new Set([...ours.search, ...before.search])];
  return [
    `# Written by mirrord (session ${name}); the former content comes back when the session ends.`,
    ...ours.servers.slice(0, SERVERS_MAX).map((server) => `nameserver ${server}`),
    ...(search.length > 0 ? [`search ${search.join(' ')}`] : []),
    ...(before.options.length > 0 ? [`options ${before.options.join(' ')}`] : []),
    '',
  ].join('\n');
}
