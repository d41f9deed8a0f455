/** Reads header blocks (RFC 7541) with the sender's dynamic table. */
import { BLOCK_FIELDS_LIMIT, HEADER_TABLE_SIZE, TABLE_LIMIT } from '../limits.ts';
import { Http2Error } from '../error.ts';
import { NO_SECRETS } from './block.ts';
import type { Block } from './block.ts';
import { decodeHuffman } from './huffman.ts';
import { STATIC, STATIC_LENGTH } from './static-table.ts';

/** What an entry costs beside its bytes (RFC 7541, section 4.1). */
const ENTRY_OVERHEAD = 32;
/** Larger integers are an attack. */
const INTEGER_LIMIT = 2 ** 28;

export class Decoder {
  /** What the reader has announced that the table may grow to. */
  #allowed = HEADER_TABLE_SIZE;
  /** What the sender has chosen. */
  #chosen = HEADER_TABLE_SIZE;
  #size = 0;
  /** Oldest first: name, value, name, value... */
  readonly #table: string[] = [];
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;

  /** SETTINGS_HEADER_TABLE_SIZE of the reader.  A lower one counts late: what was allowed once may be on its way. */
  allow(size: number): void {
    this.#allowed = Math.max(this.#allowed, Math.min(size, TABLE_LIMIT));
  }

  /** Throws an `Http2Error`. */
  decode(bytes: Buffer): Block {
    this.#bytes = bytes;
    this.#at = 0;
    const fields: string[] = [];
    let secrets: Set<number> | null = null;
    let length = 0;
    while (this.#at < bytes.length) {
      const first = bytes[this.#at];
      // The representations of RFC 7541, section 6, by their first bits.
      if ((first & 0x80) !== 0) this.#indexed(fields);
      else if ((first & 0xc0) === 0x40) this.#remember(this.#literal(fields, 6));
      else if ((first & 0xe0) === 0x20) this.#resize(fields.length > 0);
      else {
        if ((first & 0x10) !== 0) (secrets ??= new Set()).add(fields.length);
        this.#literal(fields, 4);
      }
      if (fields.length === 0) continue;
      length += fields[fields.length - 2].length + fields[fields.length - 1].length;
      if (length > BLOCK_FIELDS_LIMIT) throw new Http2Error('ENHANCE_YOUR_CALM', 'too many fields');
    }
    return { fields, secrets: secrets ?? NO_SECRETS };
  }

  #indexed(fields: string[]): void {
    const index = this.#integer(7);
    fields.push(this.#entry(index, 0), this.#entry(index, 1));
  }

  /** Returns the place of its name in `fields`. */
  #literal(fields: string[], prefix: number): readonly [string, string] {
    const index = this.#integer(prefix);
    const name = index === 0 ? this.#string() : this.#entry(index, 0);
    const value = this.#string();
    fields.push(name, value);
    return [name, value];
  }

  #entry(index: number, part: 0 | 1): string {
    const at = index <= STATIC_LENGTH ? 2 * (index - 1) : this.#table.length - 2 * (index - STATIC_LENGTH);
    const text = (index <= STATIC_LENGTH ? STATIC : this.#table)[at + part] as string | undefined;
    if (text === undefined) throw new Http2Error('COMPRESSION_ERROR', 'an index that there is not');
    return text;
  }

  #remember([name, value]: readonly [string, string]): void {
    this.#table.push(name, value);
    this.#size += name.length + value.length + ENTRY_OVERHEAD;
    this.#evict();
  }

  #resize(isLate: boolean): void {
    const size = this.#integer(5);
    if (isLate || size > this.#allowed) throw new Http2Error('COMPRESSION_ERROR', 'a bad table size');
    this.#chosen = size;
    this.#evict();
  }

  #evict(): void {
    let count = 0;
    for (; this.#size > this.#chosen; count += 2)
      this.#size -= this.#table[count].length + this.#table[count + 1].length + ENTRY_OVERHEAD;
    if (count > 0) this.#table.splice(0, count);
  }

  /** With `prefix` bits of the first byte (RFC 7541, section 5.1). */
  #integer(prefix: number): number {
    const mask = (1 << prefix) - 1;
    let value = this.#byte() & mask;
    if (value < mask) return value;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#byte();
      value += (byte & 0x7f) * factor;
      if (value > INTEGER_LIMIT || factor > INTEGER_LIMIT) throw new Http2Error('COMPRESSION_ERROR', 'a huge integer');
      if (byte < 0x80) return value;
    }
  }

  #string(): string {
    const isHuffman = ((this.#bytes[this.#at] ?? 0) & 0x80) !== 0;
    const length = this.#integer(7);
    const from = this.#at;
    this.#at += length;
    if (this.#at > this.#bytes.length) throw new Http2Error('COMPRESSION_ERROR', 'a block that ends inside a string');
    if (isHuffman) return decodeHuffman(this.#bytes, from, this.#at);
    return this.#bytes.toString('latin1', from, this.#at);
  }

  #byte(): number {
    if (this.#at >= this.#bytes.length) throw new Http2Error('COMPRESSION_ERROR', 'a block that ends too early');
    return this.#bytes[this.#at++];
  }
}
