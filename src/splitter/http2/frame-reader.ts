/**
 * Cuts a byte stream into frames.  DATA comes in pieces as its bytes do; everything else, and DATA with padding once
 * padding is to be taken off, when it is whole.
 */
import { Http2Error } from './error.ts';
import { FLAG, HEADER_BYTES, TYPE } from './frame.ts';
import type { Frame } from './frame.ts';
import { HELD_FRAME_LIMIT } from './limits.ts';

const EMPTY: Buffer = Buffer.alloc(0);

export class FrameReader {
  /** The longest frame that its sender may send; null where that is the receiver's business. */
  maxLength: number | null = null;
  /** Padding is to be taken off. */
  holdsPadded = false;
  #bytes = EMPTY;
  #at = 0;
  /* Of a DATA frame that comes in pieces. */
  #left = 0;
  #flags = 0;
  #stream = 0;

  /** Inside a frame of which the head has been given out. */
  get isInside(): boolean {
    return this.#left > 0;
  }

  get unread(): number {
    return this.#bytes.length - this.#at;
  }

  feed(bytes: Buffer): void {
    this.#bytes = this.unread === 0 ? bytes : Buffer.concat([this.#bytes.subarray(this.#at), bytes]);
    this.#at = 0;
  }

  takeUnread(): Buffer {
    const unread = this.#bytes.subarray(this.#at);
    this.#bytes = EMPTY;
    this.#at = 0;
    return unread;
  }

  /** Null when more bytes are needed.  Throws an `Http2Error`; the frame that it is about is unread then. */
  next(): Frame | null {
    const bytes = this.#bytes;
    const start = this.#at;
    if (this.#left > 0) return this.#piece();
    if (bytes.length - start < HEADER_BYTES) return null;
    const length = (bytes[start] << 16) | (bytes[start + 1] << 8) | bytes[start + 2];
    const type = bytes[start + 3];
    const flags = bytes[start + 4];
    const stream = bytes.readUInt32BE(start + 5) & 0x7fffffff;
    if (this.maxLength !== null && length > this.maxLength) throw new Http2Error('FRAME_SIZE_ERROR', 'a long frame');
    const from = start + HEADER_BYTES;
    if (bytes.length - from >= length) {
      this.#at = from + length;
      return { extent: 'whole', type, flags, stream, length, bytes, start, from, to: this.#at };
    }
    const isHeld = type !== TYPE.DATA || (this.holdsPadded && (flags & FLAG.PADDED) !== 0);
    if (isHeld) {
      if (length > HELD_FRAME_LIMIT) throw new Http2Error('FRAME_SIZE_ERROR', 'a long frame');
      return null;
    }
    this.#at = from;
    this.#left = length;
    this.#flags = flags;
    this.#stream = stream;
    return { extent: 'head', type, flags, stream, length, bytes, start, from, to: from };
  }

  #piece(): Frame | null {
    const from = this.#at;
    const to = Math.min(this.#bytes.length, from + this.#left);
    if (to === from) return null;
    this.#at = to;
    this.#left -= to - from;
    const isEnd = this.#left === 0;
    return {
      extent: isEnd ? 'end' : 'piece',
      type: TYPE.DATA,
      flags: isEnd ? this.#flags : 0,
      stream: this.#stream,
      length: to - from,
      bytes: this.#bytes,
      start: from,
      from,
      to,
    };
  }
}
