import type { AddressBytes } from './address.ts';
import { cidrContains, overlap, parseCidr, type Cidr } from './cidr.ts';

/** First and last address as numbers: the form in which set arithmetic is simple. */
interface Span {
  first: bigint;
  last: bigint;
}

const FAMILIES = [4, 16] as const;

/** Parses a list; null as soon as one entry is not a range. */
export function parseRanges(texts: readonly string[]): Cidr[] | null {
  const ranges: Cidr[] = [];
  for (const text of texts) {
    const cidr = parseCidr(text);
    if (cidr === null) return null;
    ranges.push(cidr);
  }
  return ranges;
}

/** The smallest list of ranges with exactly the same addresses: IPv4 first, ascending, no two adjacent or nested. */
export function mergeRanges(ranges: readonly Cidr[]): Cidr[] {
  return FAMILIES.flatMap((length) => toCidrs(toSpans(ranges, length), length));
}

/** The addresses of `ranges` that are not in `excluded`, in the form of `mergeRanges`. */
export function excludeRanges(ranges: readonly Cidr[], excluded: readonly Cidr[]): Cidr[] {
  return FAMILIES.flatMap((length) => {
    let spans = toSpans(ranges, length);
    for (const hole of toSpans(excluded, length)) spans = spans.flatMap((span) => cut(span, hole));
    return toCidrs(spans, length);
  });
}

/** The first range of `ranges` that contains `address`. */
export function containingRange(ranges: readonly Cidr[], address: AddressBytes): Cidr | undefined {
  return ranges.find((range) => cidrContains(range, address));
}

/** Every pair of one range of `a` and one of `b` that share an address. */
export function overlappingRanges(a: readonly Cidr[], b: readonly Cidr[]): (readonly [Cidr, Cidr])[] {
  return a.flatMap((left) => b.filter((right) => overlap(left, right)).map((right) => [left, right] as const));
}

/** The spans of one family, sorted, joined where they touch. */
function toSpans(ranges: readonly Cidr[], length: number): Span[] {
  const spans = ranges
    .filter((range) => range.address.length === length)
    .map((range) => {
      const first = toNumber(range.address);
      return { first, last: first + (1n << BigInt(length * 8 - range.prefix)) - 1n };
    })
    .sort((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0));
  const joined: Span[] = [];
  for (const span of spans) {
    const previous = joined.at(-1);
    if (previous === undefined || span.first > previous.last + 1n) joined.push(span);
    else if (span.last > previous.last) previous.last = span.last;
  }
  return joined;
}

function cut(span: Span, hole: Span): Span[] {
  if (hole.last < span.first || hole.first > span.last) return [span];
  const parts: Span[] = [];
  if (hole.first > span.first) parts.push({ first: span.first, last: hole.first - 1n });
  if (hole.last < span.last) parts.push({ first: hole.last + 1n, last: span.last });
  return parts;
}

/** Splits each span into the largest aligned blocks, from its low end upwards. */
function toCidrs(spans: readonly Span[], length: number): Cidr[] {
  const width = length * 8;
  const cidrs: Cidr[] = [];
  for (const span of spans) {
    let first = span.first;
    while (first <= span.last) {
      let bits = 0;
      while (bits < width && isAligned(first, bits + 1) && first + (1n << BigInt(bits + 1)) - 1n <= span.last) bits++;
      cidrs.push({ address: toBytes(first, length), prefix: width - bits });
      first += 1n << BigInt(bits);
    }
  }
  return cidrs;
}

function isAligned(value: bigint, bits: number): boolean {
  return (value & ((1n << BigInt(bits)) - 1n)) === 0n;
}

function toNumber(address: AddressBytes): bigint {
  let value = 0n;
  for (const byte of address) value = (value << 8n) | BigInt(byte);
  return value;
}

function toBytes(value: bigint, length: number): AddressBytes {
  const bytes = new Uint8Array(length);
  for (let i = length - 1, rest = value; i >= 0; i--, rest >>= 8n) bytes[i] = Number(rest & 0xffn);
  return bytes;
}
