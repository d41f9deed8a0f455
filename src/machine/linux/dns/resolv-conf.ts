/** This machine's resolv.conf(5): where it is, what it leaves to the machine's name, and the one that leads to us. */
import { type ResolvConf, SERVERS_MAX } from '../../../names/resolv-conf.ts';
import type { Files } from '../../files.ts';

/** Whom programs ask. */
export const RESOLV_CONF = '/etc/resolv.conf';

/** Whom systemd-resolved asks, in its own words. */
export const RESOLVED_SERVERS = '/run/systemd/resolve/resolv.conf';

/**
 * What is searched where the file says nothing about it: what is behind the first dot of the machine's name
 * (resolv.conf(5), `search`).
 */
export function localDomain(files: Files): string {
  const name = (files.read('/proc/sys/kernel/hostname') ?? '').trim();
  return name.includes('.') ? name.slice(name.indexOf('.') + 1) : '';
}

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
    `# Written by mirrord (session ${name}); the previous content is restored when the session ends.`,
    ...ours.servers.slice(0, SERVERS_MAX).map((server) => `nameserver ${server}`),
    ...(search.length > 0 ? [`search ${search.join(' ')}`] : []),
    ...(before.options.length > 0 ? [`options ${before.options.join(' ')}`] : []),
    '',
  ].join('\n');
}
