import { formatAddress, parseAddress, type AddressBytes } from './address.ts';

/** A range: every address that shares the first `prefix` bits with `address`, whose other bits are zero. */
export interface Cidr {
  readonly address: AddressBytes;
  /** 0 to 32, or 0 to 128. */
  readonly prefix: number;
}

/**
 * `10.96.0.0/16`, `fd00::/64`, or a bare address (a range of one).  Host bits are cleared: `10.96.0.1/16` is the range
 * that this address lies in.  Null when it is none of these.
 */
export function parseCidr(text: string): Cidr | null {
  const slash = text.indexOf('/');
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if (address === null) return null;
  if (slash < 0) return hostCidr(address);
  const digits = text.slice(slash + 1);
  if (!/^(0|[1-9][0-9]{0,2})$/.test(digits)) return null;
  const prefix = Number(digits);
  if (prefix > address.length * 8) return null;
  return { address: clearHostBits(address, prefix), prefix };
}

/** Always with its prefix, also for a single address: `10.0.0.1/32`. */
export function formatCidr(cidr: Cidr): string {
  return `${formatAddress(cidr.address)}/${cidr.prefix}`;
}

/** The range of one address. */
export function hostCidr(address: AddressBytes): Cidr {
  return { address, prefix: address.length * 8 };
}

/** Whether `address` lies in `cidr`; false across families. */
export function cidrContains(cidr: Cidr, address: AddressBytes): boolean {
  if (cidr.address.length !== address.length) return false;
  const whole = cidr.prefix >> 3;
  for (let i = 0; i < whole; i++) if (cidr.address[i] !== address[i]) return false;
  const rest = cidr.prefix & 7;
  return rest === 0 || (cidr.address[whole] ^ address[whole]) >> (8 - rest) === 0;
}

/** Whether all of `inner` lies in `outer`. */
export function cidrHolds(outer: Cidr, inner: Cidr): boolean {
  return outer.prefix <= inner.prefix && cidrContains(outer, inner.address);
}

/** Whether two ranges share an address; one of two overlapping CIDRs always holds the other. */
export function overlap(a: Cidr, b: Cidr): boolean {
  return cidrHolds(a, b) || cidrHolds(b, a);
}

/** The address with the bits beyond the prefix cleared. */
export function clearHostBits(address: AddressBytes, prefix: number): AddressBytes {
  return address.map((byte, i) => {
    const bits = Math.min(8, Math.max(0, prefix - i * 8));
    return byte & (0xff00 >> bits);
  });
}
