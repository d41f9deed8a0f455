/**
 * A request that is judged by its body.  All that the client sends waits meanwhile: streams must reach main in their
 * order, and this one may have to go first.
 */
import { FILTERED_BODY_LIMIT, FILTERED_BODY_WAIT_MS } from '../limits.ts';
import type { RawBlock } from './block-reader.ts';
import { FLAG, has, TYPE, unpad } from './frame.ts';
import type { Frame } from './frame.ts';
import type { Block } from './hpack/block.ts';

/** Frames that wait; a body in so many has been cut on purpose. */
const FRAMES_LIMIT = 1_000;

export class BodyJudge {
  readonly raw: RawBlock;
  readonly head: Block;
  /** In their order, of all streams. */
  readonly frames: Frame[] = [];
  readonly #data: Buffer[] = [];
  #size = 0;
  #dataSize = 0;
  #isWhole = false;
  #isReset = false;
  readonly #timer: NodeJS.Timeout;

  /** `late`: called when the body takes too long. */
  constructor(raw: RawBlock, head: Block, late: () => void) {
    this.raw = raw;
    this.head = head;
    this.#timer = setTimeout(late, FILTERED_BODY_WAIT_MS);
  }

  /** Throws an `Http2Error`. */
  add(frame: Frame): void {
    this.frames.push(frame);
    this.#size += frame.to - frame.start;
    if (frame.stream !== this.raw.stream) return;
    if (frame.type === TYPE.RST_STREAM) this.#isReset = true;
    // Trailers end a body, too.
    if (frame.type === TYPE.HEADERS || (has(frame, FLAG.END_STREAM) && frame.extent !== 'head')) this.#isWhole = true;
    if (frame.type === TYPE.DATA) this.#addData(frame);
  }

  /** It will not be known. */
  get isLost(): boolean {
    return (
      this.#isReset ||
      this.#dataSize > FILTERED_BODY_LIMIT ||
      this.#size > 2 * FILTERED_BODY_LIMIT ||
      this.frames.length > FRAMES_LIMIT
    );
  }

  get isWhole(): boolean {
    return this.#isWhole;
  }

  get body(): Buffer {
    return Buffer.concat(this.#data);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #addData(frame: Frame): void {
    const { from, to } = unpad(frame);
    this.#dataSize += to - from;
    this.#data.push(frame.bytes.subarray(from, to));
  }
}
