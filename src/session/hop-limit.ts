/**
 * The hop limit by which a session's own questions to name servers are known to its redirect (`Upstream`).
 *
 * Two sessions must differ, since each lets pass what is its own, and no program may have it by chance.  Systems begin with
 * 64, 128 or 255, and no name server is 100 hops away.
 */
import { readFileSync } from 'node:fs';

const FIRST = 100;
/** Sessions at once, before two are alike. */
const COUNT = 28;
/** What programs have that do not ask for another (the kernel's Documentation/networking/ip-sysctl.rst). */
const DEFAULTS = ['/proc/sys/net/ipv4/ip_default_ttl', '/proc/sys/net/ipv6/conf/default/hop_limit'];

/** `tun`: the session's interface, `mirrord0` or another number; one number is one session in a network namespace. */
export function hopLimitOf(tun: string, defaults: readonly number[] = systemDefaults()): number {
  const free = Array.from({ length: COUNT }, (_, i) => FIRST + i).filter((limit) => !defaults.includes(limit));
  const number = Number(/\d+$/.exec(tun)?.[0] ?? 0);
  return free[number % free.length] ?? FIRST;
}

function systemDefaults(): readonly number[] {
  return DEFAULTS.flatMap((file) => {
    try {
      return [Number(readFileSync(file, 'utf8'))];
    } catch {
      return []; // no IPv6
    }
  });
}
