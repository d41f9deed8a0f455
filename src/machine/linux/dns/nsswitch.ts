/** The `hosts` line of nsswitch.conf(5): whom programs of glibc ask.  musl and Go read resolv.conf alone. */
import { BYTES } from '../../files.ts';
import type { System } from '../system/system.ts';
import { resolvedRuns } from './resolved-process.ts';

export const NSSWITCH = '/etc/nsswitch.conf';

/** The list of all that the dynamic linker finds (ld.so(8)): a source whose library is not there is passed over. */
export const LIBRARIES = '/etc/ld.so.cache';
const NSS_RESOLVE = 'libnss_resolve.so.2';

/** One source of the `hosts` line with what is done after it: `mdns4_minimal [NOTFOUND=return]`. */
export interface HostsSource {
  readonly name: string;
  /** In upper case, without blanks: `NOTFOUND=RETURN`, `!UNAVAIL=RETURN`. */
  readonly actions: readonly string[];
}

/** Whether programs of glibc ask systemd-resolved by itself (nss-resolve(8)), and no other server after it. */
export function asksResolved(system: System): boolean {
  const sources = hostsSources(system.files.read(NSSWITCH) ?? '') ?? [];
  const resolve = sources.find(({ name }) => name === 'resolve' || name === 'dns');
  return (
    resolve?.name === 'resolve' &&
    resolve.actions.some(ends) &&
    (system.files.read(LIBRARIES, BYTES) ?? '').includes(NSS_RESOLVE) &&
    resolvedRuns(system)
  );
}

/** nsswitch.conf(5); undefined without a `hosts` line, or without the file, which musl does not know. */
export function hostsSources(text: string): readonly HostsSource[] | undefined {
  const line = /^[ \t]*hosts:([^#\n]*)/m.exec(text)?.[1];
  if (line === undefined) return undefined;
  const sources: { name: string; actions: string[] }[] = [];
  for (const [, actions, name] of line.matchAll(/\[([^\]]*)\]|([^\s[]+)/g)) {
    if (name !== undefined) sources.push({ name, actions: [] });
    else sources.at(-1)?.actions.push(...actionsOf(actions ?? ''));
  }
  return sources;
}

function actionsOf(text: string): readonly string[] {
  const joined = text.toUpperCase().replace(/\s*=\s*/g, '=');
  return joined.split(/\s+/).filter((action) => action !== '');
}

/** Whether "there is no such name" ends the search. */
export const ends = (action: string): boolean =>
  action === 'NOTFOUND=RETURN' || (/^!\w+=RETURN$/.test(action) && action !== '!NOTFOUND=RETURN');
