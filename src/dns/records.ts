/** Walks the resource records of a message (RFC 1035, 4.1.3). */
import { formatAddressAt } from '../net/index.ts';
import { TYPE, uint16 } from './wire.ts';
import { skipName } from './wire-name.ts';

export type Section = 'answer' | 'authority' | 'additional';

/** Offsets into the message; nothing is copied. */
export interface ResourceRecord {
  readonly section: Section;
  readonly start: number;
  readonly ownerEnd: number;
  readonly type: number;
  readonly class: number;
  /** Seconds; in an OPT record flags stand in its place. */
  readonly ttl: number;
  readonly dataStart: number;
  readonly end: number;
}

const SECTIONS: readonly { readonly section: Section; readonly countAt: number }[] = [
  { section: 'answer', countAt: 6 },
  { section: 'authority', countAt: 8 },
  { section: 'additional', countAt: 10 },
];

/** Type, class, TTL and data length. */
const FIXED_BYTES = 10;

/** All records from `offset` (the end of the question) on; null when the message is shorter than its counts say. */
export function readRecords(message: Uint8Array, offset: number): ResourceRecord[] | null {
  const records: ResourceRecord[] = [];
  let at = offset;
  for (const { section, countAt } of SECTIONS) {
    for (let left = uint16(message, countAt); left > 0; left--) {
      const ownerEnd = skipName(message, at);
      if (ownerEnd < 0 || ownerEnd + FIXED_BYTES > message.length) return null;
      const dataStart = ownerEnd + FIXED_BYTES;
      const end = dataStart + uint16(message, ownerEnd + 8);
      if (end > message.length) return null;
      records.push({
        section,
        start: at,
        ownerEnd,
        type: uint16(message, ownerEnd),
        class: uint16(message, ownerEnd + 2),
        ttl: uint16(message, ownerEnd + 4) * 0x10000 + uint16(message, ownerEnd + 6),
        dataStart,
        end,
      });
      at = end;
    }
  }
  return records;
}

export interface AnswerAddresses {
  readonly addresses: readonly string[];
  /** The shortest of their TTLs, seconds; 0 without addresses. */
  readonly ttl: number;
}

/** Every A and AAAA record of the answer section, as text (RFC 5952). */
export function readAddresses(message: Uint8Array, records: readonly ResourceRecord[]): AnswerAddresses {
  const addresses: string[] = [];
  let ttl = Infinity;
  for (const record of records) {
    if (record.section !== 'answer') continue;
    const length = record.end - record.dataStart;
    if (!(record.type === TYPE.A && length === 4) && !(record.type === TYPE.AAAA && length === 16)) continue;
    addresses.push(formatAddressAt(message, record.dataStart, length));
    ttl = Math.min(ttl, record.ttl);
  }
  return { addresses, ttl: addresses.length === 0 ? 0 : ttl };
}
