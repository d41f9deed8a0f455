import { parseAddress, type AddressBytes } from '../net/index.ts';

/** The address that a reverse name stands for (RFC 1035 section 3.5, RFC 3596 section 2.5); null for every other name. */
export function reverseAddress(name: string): AddressBytes | null {
  const [v4, v6] = ['.in-addr.arpa', '.ip6.arpa'].map((suffix) =>
    name.endsWith(suffix) ? name.slice(0, -suffix.length).split('.').reverse() : null,
  );
  if (v4 !== null && v4 !== undefined) return parseAddress(v4.join('.'));
  if (v6?.length !== 32 || !v6.every((digit) => /^[0-9a-f]$/.test(digit))) return null;
  return parseAddress(v6.join('').match(/.{4}/g)!.join(':'));
}
