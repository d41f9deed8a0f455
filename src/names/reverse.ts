/** Reverse names (RFC 1035, 3.5; RFC 3596, 2.5): which belong to the routed ranges, and which zones cover a range. */
import ipaddr from 'ipaddr.js';

interface Prefix {
  /** 4 or 16 bytes. */
  readonly bytes: readonly number[];
  /** Bits that count. */
  readonly length: number;
}

const TREES = [
  { suffix: '.in-addr.arpa', bytes: 4, bitsPerLabel: 8, label: /^(0|[1-9][0-9]{0,2})$/, radix: 10 },
  { suffix: '.ip6.arpa', bytes: 16, bitsPerLabel: 4, label: /^[0-9a-f]$/, radix: 16 },
] as const;

/**
 * Whether everything that `name` stands for lies in one of `ranges` (CIDRs).  Names of any depth count: `244.10.in-addr.arpa`
 * is a /16, labels in front of a whole address (`_dns-sd`, RFC 2317 sub-zones) change nothing.
 */
export function isReverseOf(name: string, ranges: readonly string[]): boolean {
  const prefix = reversePrefix(name);
  return prefix !== null && ranges.some((range) => covers(parseRange(range), prefix));
}

/** The zones whose names are those of `range`: `10.96.0.0/12` has the sixteen `96.10.in-addr.arpa` to `111.10...`. */
export function reverseZones(range: string): string[] {
  const { bytes, length } = parseRange(range);
  const tree = bytes.length === 4 ? TREES[0] : TREES[1];
  const labels = Math.ceil(length / tree.bitsPerLabel);
  const digits = bytes.flatMap((byte) => (tree.bitsPerLabel === 8 ? [byte] : [byte >> 4, byte & 15])).slice(0, labels);
  const zones = 1 << (labels * tree.bitsPerLabel - length);
  return Array.from({ length: zones }, (_, i) => {
    const path = digits.map((digit, at) => (at === labels - 1 ? (digit & ~(zones - 1)) + i : digit));
    return (
      path
        .reverse()
        .map((digit) => digit.toString(tree.radix))
        .join('.') + tree.suffix.slice(labels === 0 ? 1 : 0)
    );
  });
}

function reversePrefix(name: string): Prefix | null {
  const tree = TREES.find(({ suffix }) => name.endsWith(suffix));
  if (tree === undefined) return null;
  const bytes = Array.from({ length: tree.bytes }, () => 0);
  const labels = name.slice(0, -tree.suffix.length).split('.').reverse();
  let length = 0;
  for (const label of labels) {
    if (length === tree.bytes * 8 || !tree.label.test(label)) break;
    const value = parseInt(label, tree.radix);
    if (value > 255) break;
    const at = length >> 3;
    bytes[at] = (bytes[at] ?? 0) | (length % 8 === 0 && tree.bitsPerLabel === 4 ? value << 4 : value);
    length += tree.bitsPerLabel;
  }
  return length === 0 ? null : { bytes, length };
}

function parseRange(range: string): Prefix {
  const [address, length] = ipaddr.parseCIDR(range);
  return { bytes: address.toByteArray(), length };
}

function covers(range: Prefix, prefix: Prefix): boolean {
  if (range.bytes.length !== prefix.bytes.length || prefix.length < range.length) return false;
  for (let bit = 0; bit < range.length; bit += 8) {
    const mask = range.length - bit >= 8 ? 0xff : (0xff << (8 - (range.length - bit))) & 0xff;
    if ((((range.bytes[bit >> 3] ?? 0) ^ (prefix.bytes[bit >> 3] ?? 0)) & mask) !== 0) return false;
  }
  return true;
}
