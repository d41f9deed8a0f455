/**
 * Turns the cluster's answer about an expanded name into an answer about the name that was asked.
 *
 * The records stand under the asked name itself (no CNAME from the asked to the expanded name): the record that was asked
 * for then answers the very question, which every resolver takes (glibc, musl, c-ares, Go, systemd-resolved with 0x20,
 * stacks that check owner names), no chain has to be followed, and a question for CNAME stays NODATA.
 * Data of records is left as it is, apart from compression pointers, which would point into the void once the question's
 * length has changed.  Unknown types carry no pointers (RFC 3597, 4) and are copied.
 */
import { readName, skipName } from './wire-name.ts';
import type { Query } from './query.ts';
import type { ResourceRecord } from './records.ts';
import { replyFlags } from './reply.ts';
import { FLAG, HEADER_LENGTH, lowerCase, putUint16, TYPE, uint16 } from './wire.ts';

/** Where names stand in a record's data: that many bytes, then that many names, then the rest. */
const NAMES_IN_DATA = new Map<number, { readonly skip: number; readonly names: number }>([
  ...[2, 3, 4, 5, 7, 8, 9, 12, 30, 39].map((type) => [type, { skip: 0, names: 1 }] as const), // NS to PTR, NXT, DNAME
  ...[6, 14, 17].map((type) => [type, { skip: 0, names: 2 }] as const), // SOA, MINFO, RP
  ...[15, 18, 21, 36].map((type) => [type, { skip: 2, names: 1 }] as const), // MX, AFSDB, RT, KX
  [26, { skip: 2, names: 2 }], // PX
  [33, { skip: 6, names: 1 }], // SRV
  [24, { skip: 18, names: 1 }], // SIG
]);
const NAPTR = 35;
const POINTER_TO_QUESTION = Uint8Array.of(0xc0, HEADER_LENGTH);

/**
 * The same message with id and question as asked and TTLs of at most `ttl` seconds; for an answer to the name as it was
 * asked.  `records` are the message's.
 */
export function relabel(
  response: Uint8Array,
  records: readonly ResourceRecord[],
  query: Query,
  ttl: number,
): Uint8Array {
  const copy = Uint8Array.from(response);
  putUint16(copy, 0, query.id);
  // Nothing here validates DNSSEC, so no claim of it is passed on.
  putUint16(copy, 2, (uint16(copy, 2) & ~FLAG.AD) | FLAG.RA);
  // The program's own case, which it may compare (0x20); the length is the same.
  copy.set(query.message.subarray(HEADER_LENGTH, query.questionEnd), HEADER_LENGTH);
  for (const record of records) {
    if (record.type !== TYPE.OPT) putTtl(copy, record.ownerEnd + 4, record.ttl, ttl);
  }
  return copy;
}

/**
 * A new message: the question as asked, every record whose owner is the name in `response`'s question now under the asked
 * name, TTLs of at most `ttl` seconds.  Null when `response` is malformed.
 */
export function rename(
  response: Uint8Array,
  records: readonly ResourceRecord[],
  query: Query,
  ttl: number,
): Uint8Array | null {
  const expanded = readName(response, HEADER_LENGTH);
  if (expanded === null) return null;
  const head = Uint8Array.from(query.message.subarray(0, query.questionEnd));
  const parts: Uint8Array[] = [head];
  const counts = { answer: 0, authority: 0, additional: 0 };
  for (const record of records) {
    const owner = readName(response, record.start);
    const data = plainData(response, record);
    if (owner === null || data === null) return null;
    const fixed = Uint8Array.from(response.subarray(record.ownerEnd, record.dataStart));
    if (record.type !== TYPE.OPT) putTtl(fixed, 4, record.ttl, ttl);
    putUint16(fixed, 8, data.length);
    parts.push(sameName(owner.wire, expanded.wire) ? POINTER_TO_QUESTION : owner.wire, fixed, data);
    counts[record.section]++;
  }
  putUint16(head, 2, replyFlags(query) | (uint16(response, 2) & (FLAG.TC | 0x000f)));
  putUint16(head, 6, counts.answer);
  putUint16(head, 8, counts.authority);
  putUint16(head, 10, counts.additional);
  return Buffer.concat(parts);
}

function putTtl(bytes: Uint8Array, offset: number, ttl: number, limit: number): void {
  // RFC 2181, 8: with the top bit set a TTL is 0.
  const capped = ttl > 0x7fff_ffff ? 0 : Math.min(ttl, limit);
  putUint16(bytes, offset, 0);
  putUint16(bytes, offset + 2, capped);
}

/** A record's data with every compressed name written out; null when malformed. */
function plainData(message: Uint8Array, record: ResourceRecord): Uint8Array | null {
  const layout = record.type === NAPTR ? naptrLayout(message, record) : NAMES_IN_DATA.get(record.type);
  if (layout === undefined) return message.subarray(record.dataStart, record.end);
  if (layout === null) return null;
  const parts: Uint8Array[] = [message.subarray(record.dataStart, record.dataStart + layout.skip)];
  let at = record.dataStart + layout.skip;
  for (let i = 0; i < layout.names; i++) {
    const end = skipName(message, at);
    const name = readName(message, at);
    if (name === null || end > record.end) return null;
    parts.push(name.wire);
    at = end;
  }
  parts.push(message.subarray(at, record.end));
  return Buffer.concat(parts);
}

/** NAPTR (RFC 3403, 4.1): order, preference, three character strings, then the replacement name. */
function naptrLayout(message: Uint8Array, record: ResourceRecord): { skip: number; names: number } | null {
  let at = record.dataStart + 4;
  for (let i = 0; i < 3; i++) at += 1 + (message[at] ?? 0);
  return at < record.end ? { skip: at - record.dataStart, names: 1 } : null;
}

function sameName(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => lowerCase(byte) === lowerCase(b[i] ?? 0));
}
