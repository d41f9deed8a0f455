/**
 * Who comes in beside this machine itself; pure.
 *
 * With forwarding on, as container runtimes set it, any machine nearby may send its packets through this one.  Whose they
 * are is told by the interface that they came by, which the kernel knows and which cannot be forged; an address is told by the
 * sender alone, and a masquerade hides it.
 */
import type { MachineBridge } from '../../facts.ts';
import type { Forwarded } from '../../network-state.ts';
import { formatCidr, mergeRanges, parseRanges } from '../../../net/index.ts';

/** One of the two is empty. */
export interface Admission {
  /** Interfaces whose packets come in. */
  readonly devices: readonly string[];
  /** Sources whose packets come in by any interface: the user has said so. */
  readonly ranges: readonly string[];
}

export function admissionOf(forwarded: Forwarded, bridges: readonly MachineBridge[]): Admission {
  if (forwarded === 'off') return { devices: [], ranges: [] };
  if (forwarded !== 'bridges')
    return { devices: [], ranges: mergeRanges(parseRanges(forwarded) ?? []).map(formatCidr) };
  return { devices: bridges.filter(({ uplink }) => uplink === undefined).map(({ name }) => name), ranges: [] };
}

/** Rules of an nftables chain of family `inet` that let go (`return`) what does not come in. */
export function passOthers({ devices, ranges }: Admission): readonly string[] {
  if (devices.length > 0) return [`iifname != { ${quoted(devices)} } return;`];
  return (['ipv4', 'ipv6'] as const).map((family) => {
    const own = ranges.filter((range) => range.includes(':') === (family === 'ipv6'));
    const sources = own.length === 0 ? '' : ` ${family === 'ipv4' ? 'ip' : 'ip6'} saddr != { ${own.join(', ')} }`;
    return `meta nfproto ${family}${sources} return;`;
  });
}

/** Rules of such a chain that let go what does come in. */
export function passAdmitted({ devices, ranges }: Admission): readonly string[] {
  const v4 = ranges.filter((range) => !range.includes(':'));
  const v6 = ranges.filter((range) => range.includes(':'));
  return [
    ...(devices.length > 0 ? [`iifname { ${quoted(devices)} } return;`] : []),
    ...(v4.length > 0 ? [`ip saddr { ${v4.join(', ')} } return;`] : []),
    ...(v6.length > 0 ? [`ip6 saddr { ${v6.join(', ')} } return;`] : []),
  ];
}

const quoted = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(', ');
