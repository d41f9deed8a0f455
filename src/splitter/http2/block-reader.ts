/** Puts header blocks together out of HEADERS and CONTINUATION (RFC 9113, sections 6.2 and 6.10). */
import { Http2Error } from './error.ts';
import { FLAG, has, PRIORITY_BYTES, TYPE, unpad } from './frame.ts';
import type { Frame } from './frame.ts';
import { BLOCK_LIMIT, CONTINUATION_LIMIT } from './limits.ts';

export interface RawBlock {
  readonly stream: number;
  readonly isEnd: boolean;
  /** Dependency and weight, where given. */
  readonly priority: Buffer | null;
  readonly bytes: Buffer;
  /** The frames that it came in. */
  readonly frames: readonly Frame[];
}

export class BlockReader {
  #frames: Frame[] = [];
  #parts: Buffer[] = [];
  #size = 0;
  #priority: Buffer | null = null;

  /** A block has begun. */
  get isInside(): boolean {
    return this.#frames.length > 0;
  }

  /** The frames of a block that never became whole; they are forgotten here. */
  takeFrames(): readonly Frame[] {
    return this.#frames.splice(0);
  }

  /** Null until the block is whole.  Throws an `Http2Error`; the frame is among `takeFrames` then. */
  add(frame: Frame): RawBlock | null {
    const first = this.#frames[0] ?? frame;
    const isNext = this.isInside ? frame.type === TYPE.CONTINUATION : frame.type === TYPE.HEADERS;
    this.#frames.push(frame);
    if (!isNext || frame.stream !== first.stream) throw new Http2Error('PROTOCOL_ERROR', 'a block that is broken off');
    this.#parts.push(frame.type === TYPE.HEADERS ? this.#open(frame) : frame.bytes.subarray(frame.from, frame.to));
    this.#size += frame.to - frame.from;
    if (this.#size > BLOCK_LIMIT || this.#frames.length > CONTINUATION_LIMIT)
      throw new Http2Error('ENHANCE_YOUR_CALM', 'an endless block');
    return has(frame, FLAG.END_HEADERS) ? this.#take(first) : null;
  }

  /** Without padding and priority. */
  #open(frame: Frame): Buffer {
    const { from, to } = unpad(frame);
    if (!has(frame, FLAG.PRIORITY)) return frame.bytes.subarray(from, to);
    const start = from + PRIORITY_BYTES;
    if (start > to) throw new Http2Error('FRAME_SIZE_ERROR', 'a priority that is cut off');
    this.#priority = frame.bytes.subarray(from, start);
    return frame.bytes.subarray(start, to);
  }

  #take(first: Frame): RawBlock {
    const block = {
      stream: first.stream,
      isEnd: has(first, FLAG.END_STREAM),
      priority: this.#priority,
      bytes: this.#parts.length === 1 ? this.#parts[0] : Buffer.concat(this.#parts),
      frames: this.#frames,
    };
    this.#frames = [];
    this.#parts = [];
    this.#size = 0;
    this.#priority = null;
    return block;
  }
}
