/** The host as text: what a session may change and must put back. */
import type { Sandbox } from './sandbox.ts';

const SNAPSHOT = `
section() { echo "== $1"; }
section links;   ip -o link show | sed 's/^[0-9]*: //' | cut -d' ' -f1-5
section addr;    ip -o addr show | sed 's/^[0-9]*: //; s/ valid_lft.*//'
section route4;  ip -4 route show table all | sort
section route6;  ip -6 route show table all | sed 's/ expires [0-9]*sec//' | sort
section rule4;   ip -4 rule show
section rule6;   ip -6 rule show
section nft;     nft list ruleset
section resolv;  stat -c '%F %a %u:%g %N' /etc/resolv.conf 2>&1 || true; cat /etc/resolv.conf 2>&1 || true
section etc;     ls -A /etc | grep -i -E 'resolv|mirrord' || true
section hosts;   cat /etc/hosts
section run;     find /run/mirrord 2>/dev/null | sort
section cgroups; find /sys/fs/cgroup -ignore_readdir_race -name "mirrord.*.$(stat -Lc %i /proc/self/ns/net)" -print -prune
section processes; ps -eo stat=,args= | grep -v -e ^Z -e section | grep -o -E '[i]p monitor|[m]irrord-guard|[n]ft -i|[f]ake-[a-z]+|[h]ost-main|[r]estore-entry' | sort || true
section sysctl;  cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/conf/all/rp_filter
section resolved; if command -v resolvectl >/dev/null && [ -S /run/dbus/system_bus_socket ]; then resolvectl dns || true; resolvectl domain || true; fi
true
`;

export const snapshot = (sandbox: Sandbox): Promise<string> => sandbox.shell(SNAPSHOT);

/** After a kill; long, since what is looked at is that everything comes back, on a machine with other work, too, ms. */
const DEADLINE_MS = 10_000;

/** Polls until the snapshot is equal to `expected`; resolves to the last one seen and the milliseconds it took. */
export async function snapshotEquals(sandbox: Sandbox, expected: string): Promise<{ last: string; ms: number }> {
  const start = performance.now();
  for (;;) {
    const last = await snapshot(sandbox);
    const ms = performance.now() - start;
    if (last === expected || ms > DEADLINE_MS) return { last, ms };
  }
}
