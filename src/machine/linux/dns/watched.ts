/** What is looked at while a session is up: a change of it may lead programs to other servers than before. */
import type { System } from '../system/system.ts';
import { LIBRARIES, NSSWITCH } from './nsswitch.ts';
import { RESOLV_CONF, RESOLVED_SERVERS } from './resolv-conf.ts';

/**
 * Where systemd-resolved keeps the settings of links, a file each that is replaced with each change of them: the only trace
 * of one that concerns neither servers nor search list.  There is no such folder before the first setting.
 */
export const LINK_SETTINGS = '/run/systemd/resolve/netif';

/** A link's own target is written by whatever made the link (NetworkManager, resolvconf, authselect). */
export function watchedFiles({ files }: System): readonly string[] {
  const named = [RESOLV_CONF, NSSWITCH].flatMap((path) => [path, files.target(path) ?? path]);
  return [...new Set([...named, LIBRARIES, RESOLVED_SERVERS])];
}
