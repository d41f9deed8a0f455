/** 4 or 16 bytes, network order.  Addresses are compared and kept in this form; text is for people. */
export type AddressBytes = Uint8Array;

const LONGEST_V4 = '255.255.255.255'.length;
const DOT = 0x2e;
const ZERO = 0x30;
const HEX_GROUP = /^[0-9a-fA-F]{1,4}$/;
const V6_GROUPS = 8;

/**
 * The bytes of a textual address, or null when it is none.  IPv4 is the dotted quad without leading zeros (RFC 6943
 * section 3.1.1: other forms are read differently by different programs); IPv6 is any form of RFC 4291 section 2.2,
 * without a zone.
 */
export function parseAddress(text: string): AddressBytes | null {
  return text.includes(':') ? parseV6(text) : parseV4(text);
}

/** The canonical text: dotted quad, or RFC 5952 (lower case, longest run of zeros shortened, mapped IPv4 mixed). */
export function formatAddress(address: AddressBytes): string {
  return formatAddressAt(address, 0, address.length === 4 ? 4 : 16);
}

/** The same for an address that lies within a packet. */
export function formatAddressAt(bytes: Uint8Array, offset: number, length: 4 | 16): string {
  if (length === 4) return formatV4(bytes, offset);
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) groups.push((bytes[offset + i] << 8) | bytes[offset + i + 1]);
  const mapped = groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0);
  return mapped ? `::ffff:${formatV4(bytes, offset + 12)}` : formatGroups(groups);
}

export function sameAddress(a: AddressBytes, b: AddressBytes): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function parseV4(text: string): AddressBytes | null {
  // Names come here by the thousand, so most of them are told by one character.
  if (!isDigit(text.charCodeAt(0)) || text.length > LONGEST_V4) return null;
  const bytes = new Uint8Array(4);
  let octet = 0;
  let start = 0;
  for (let at = 0; at <= text.length; at++) {
    const code = text.charCodeAt(at);
    if (isDigit(code)) continue;
    const isSeparator = at === text.length ? octet === 3 : code === DOT && octet < 3;
    const value = Number(text.slice(start, at));
    const isPadded = at - start > 1 && text.charCodeAt(start) === ZERO;
    if (!isSeparator || at === start || value > 255 || isPadded) return null;
    bytes[octet++] = value;
    start = at + 1;
  }
  return bytes;
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= ZERO + 9;
}

function parseV6(text: string): AddressBytes | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const head = parseGroups(halves[0], halves.length === 1);
  const tail = halves.length === 2 ? parseGroups(halves[1], true) : [];
  if (head === null || tail === null) return null;
  const missing = V6_GROUPS - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return null;
  const bytes = new Uint8Array(16);
  head.forEach((group, i) => putGroup(bytes, i, group));
  tail.forEach((group, i) => putGroup(bytes, head.length + missing + i, group));
  return bytes;
}

/** The groups of one side of `::`; a dotted quad may only stand at the very end of the address. */
function parseGroups(text: string, isEnd: boolean): number[] | null {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [i, part] of parts.entries()) {
    if (HEX_GROUP.test(part)) {
      groups.push(Number.parseInt(part, 16));
      continue;
    }
    const quad = isEnd && i === parts.length - 1 ? parseV4(part) : null;
    if (quad === null) return null;
    groups.push((quad[0] << 8) | quad[1], (quad[2] << 8) | quad[3]);
  }
  return groups;
}

function putGroup(bytes: Uint8Array, index: number, group: number): void {
  bytes[index * 2] = group >> 8;
  bytes[index * 2 + 1] = group & 0xff;
}

function formatV4(bytes: Uint8Array, offset: number): string {
  return `${bytes[offset]}.${bytes[offset + 1]}.${bytes[offset + 2]}.${bytes[offset + 3]}`;
}

function formatGroups(groups: readonly number[]): string {
  let bestStart = 0;
  let bestLength = 0;
  for (let start = 0; start < V6_GROUPS; start++) {
    let length = 0;
    while (start + length < V6_GROUPS && groups[start + length] === 0) length++;
    if (length > bestLength) {
      bestStart = start;
      bestLength = length;
    }
  }
  const hex = groups.map((group) => group.toString(16));
  // RFC 5952 section 4.2.2: a single zero group is not shortened.
  if (bestLength < 2) return hex.join(':');
  return `${hex.slice(0, bestStart).join(':')}::${hex.slice(bestStart + bestLength).join(':')}`;
}
