/** Reverse names (RFC 1035, 3.5; RFC 3596, 2.5): what they stand for, and which zones cover a range. */
import { type AddressBytes, type Cidr, cidrHolds, parseCidr } from '../net/index.ts';

const TREES = [
  { suffix: '.in-addr.arpa', bytes: 4, bitsPerLabel: 8, label: /^(0|[1-9][0-9]{0,2})$/, radix: 10 },
  { suffix: '.ip6.arpa', bytes: 16, bitsPerLabel: 4, label: /^[0-9a-f]$/, radix: 16 },
] as const;

/** The address that a whole reverse name stands for; null for every other name. */
export function reverseAddress(name: string): AddressBytes | null {
  const found = reversePrefix(name);
  return found !== null && found.isExact && found.range.prefix === found.range.address.length * 8
    ? found.range.address
    : null;
}

/**
 * Whether everything that `name` stands for lies in one of `ranges` (CIDRs).  Names of any depth count: `244.10.in-addr.arpa`
 * is a /16, labels in front of a whole address (`_dns-sd`, RFC 2317 sub-zones) change nothing.
 */
export function isReverseOf(name: string, ranges: readonly string[]): boolean {
  const found = reversePrefix(name);
  return found !== null && ranges.some((range) => cidrHolds(toCidr(range), found.range));
}

/** The zones whose names are those of `range`: `10.96.0.0/12` has the sixteen `96.10.in-addr.arpa` to `111.10...`. */
export function reverseZones(range: string): string[] {
  const { address, prefix } = toCidr(range);
  const tree = address.length === 4 ? TREES[0] : TREES[1];
  const labels = Math.ceil(prefix / tree.bitsPerLabel);
  const digits = [...address].flatMap((byte) => (tree.bitsPerLabel === 8 ? [byte] : [byte >> 4, byte & 15]));
  const zones = 1 << (labels * tree.bitsPerLabel - prefix);
  return Array.from({ length: zones }, (_, i) => {
    const path = digits.slice(0, labels).map((digit, at) => (at === labels - 1 ? digit + i : digit));
    return (
      path
        .reverse()
        .map((digit) => digit.toString(tree.radix))
        .join('.') + tree.suffix.slice(labels === 0 ? 1 : 0)
    );
  });
}

/** `isExact`: no label is left in front. */
function reversePrefix(name: string): { readonly range: Cidr; readonly isExact: boolean } | null {
  const tree = TREES.find(({ suffix }) => name.endsWith(suffix));
  if (tree === undefined) return null;
  const address = new Uint8Array(tree.bytes);
  const labels = name.slice(0, -tree.suffix.length).split('.').reverse();
  let prefix = 0;
  for (const label of labels) {
    if (prefix === tree.bytes * 8 || !tree.label.test(label)) break;
    const value = parseInt(label, tree.radix);
    if (value > 255) break;
    const at = prefix >> 3;
    address[at] = (address[at] ?? 0) | (prefix % 8 === 0 && tree.bitsPerLabel === 4 ? value << 4 : value);
    prefix += tree.bitsPerLabel;
  }
  return prefix === 0 ? null : { range: { address, prefix }, isExact: labels.length * tree.bitsPerLabel === prefix };
}

/** The ranges come from the discovery, which gives none that cannot be read. */
function toCidr(range: string): Cidr {
  const cidr = parseCidr(range);
  if (cidr === null) throw new Error(`${range} is not a range`);
  return cidr;
}
