/**
 * Writes header blocks (RFC 7541) that need no table at the reader's: literals without indexing, with static names.  So
 * blocks of two writers can go to one reader, and what one side said never counts for the other.
 */
import type { Block } from './block.ts';
import { STATIC_NAMES } from './static-table.ts';

/** Bytes of an integer, at most. */
const INTEGER_BYTES = 6;
const NEVER_INDEXED = 0x10;
const SIZE_UPDATE = 0x20;

/** `sizes`: table sizes to announce first (RFC 7541, section 6.3). */
export function encodeBlock({ fields, secrets }: Block, sizes: readonly number[]): Buffer {
  let room = sizes.length * INTEGER_BYTES;
  for (const text of fields) room += text.length + 2 * INTEGER_BYTES;
  const bytes = Buffer.allocUnsafe(room);
  let at = 0;
  const integer = (value: number, prefix: number, pattern: number): void => {
    const mask = (1 << prefix) - 1;
    if (value < mask) {
      bytes[at++] = pattern | value;
      return;
    }
    bytes[at++] = pattern | mask;
    let rest = value - mask;
    for (; rest > 0x7f; rest >>>= 7) bytes[at++] = (rest & 0x7f) | 0x80;
    bytes[at++] = rest;
  };
  const string = (text: string): void => {
    integer(text.length, 7, 0);
    at += bytes.write(text, at, 'latin1');
  };
  for (const size of sizes) integer(size, 5, SIZE_UPDATE);
  for (let place = 0; place < fields.length; place += 2) {
    const pattern = secrets.has(place) ? NEVER_INDEXED : 0;
    const index = STATIC_NAMES.get(fields[place]) ?? 0;
    integer(index, 4, pattern);
    if (index === 0) string(fields[place]);
    string(fields[place + 1]);
  }
  return bytes.subarray(0, at);
}
