/**
 * Frames of the resumable byte stream: one byte type, three bytes length (network order), then the payload.
 *
 * DATA payloads are handed on as views of whatever arrived, never gathered; all other payloads are short and gathered
 * in a fixed buffer.  Offsets are 48-bit byte counts: 256 TB, and exact in a number.
 */
import { CONTROL_LIMIT } from './limits.ts';

export const HEADER_LENGTH = 4;
/** Bytes of an offset on the wire. */
export const OFFSET_LENGTH = 6;

export const FRAME = {
  data: 0,
  /** Cumulative: the offset up to which the sender of the frame has received. */
  ack: 1,
  ping: 2,
  pong: 3,
  /** The session is over, in order; the payload is a reason in plain words. */
  close: 4,
  challenge: 16,
  proof: 17,
  welcome: 18,
  refusal: 19,
} as const;

export type FrameType = (typeof FRAME)[keyof typeof FRAME];

export interface FrameSink {
  /** Part of the stream; `view` is valid only during the call. */
  data(view: Buffer): void;
  /** Any other frame, of a type that may be unknown; `payload` is valid only during the call. */
  control(type: number, payload: Buffer): void;
}

export function writeHeader(target: Buffer, type: FrameType, length: number): void {
  target[0] = type;
  target[1] = length >>> 16;
  target[2] = length >>> 8;
  target[3] = length;
}

export function controlFrame(type: FrameType, payload: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(HEADER_LENGTH + payload.length);
  writeHeader(frame, type, payload.length);
  frame.set(payload, HEADER_LENGTH);
  return frame;
}

export function ackFrame(offset: number): Buffer {
  const frame = Buffer.allocUnsafe(HEADER_LENGTH + OFFSET_LENGTH);
  writeHeader(frame, FRAME.ack, OFFSET_LENGTH);
  frame.writeUIntBE(offset, HEADER_LENGTH, OFFSET_LENGTH);
  return frame;
}

/** Cuts a byte stream into frames, whatever the chunks' boundaries. */
export class FrameDecoder {
  sink: FrameSink;
  readonly #header = Buffer.alloc(HEADER_LENGTH);
  #headerFill = 0;
  #type = 0;
  /** Payload bytes of the current frame that are still to come. */
  #left = 0;
  readonly #control = Buffer.alloc(CONTROL_LIMIT);
  #controlFill = 0;
  #stopped = false;

  constructor(sink: FrameSink) {
    this.sink = sink;
  }

  /** Nothing more is delivered, not even the rest of the chunk that is being decoded. */
  stop(): void {
    this.#stopped = true;
  }

  /** Returns false when a control frame is too long: the peer speaks something else, and the decoder has stopped. */
  push(chunk: Buffer): boolean {
    let at = 0;
    while (at < chunk.length && !this.#stopped) {
      if (this.#headerFill < HEADER_LENGTH) {
        at = this.#takeHeader(chunk, at);
        if (this.#headerFill < HEADER_LENGTH) return true;
        if (this.#type !== FRAME.data && this.#left > CONTROL_LIMIT) {
          this.#stopped = true;
          return false;
        }
        if (this.#left === 0) this.#finish();
        continue;
      }
      const length = Math.min(this.#left, chunk.length - at);
      this.#left -= length;
      if (this.#type === FRAME.data) {
        if (this.#left === 0) this.#headerFill = 0;
        this.sink.data(at === 0 && length === chunk.length ? chunk : chunk.subarray(at, at + length));
      } else {
        this.#controlFill += chunk.copy(this.#control, this.#controlFill, at, at + length);
        if (this.#left === 0) this.#finish();
      }
      at += length;
    }
    return true;
  }

  #takeHeader(chunk: Buffer, start: number): number {
    const header = this.#header;
    let at = start;
    let fill = this.#headerFill;
    while (fill < HEADER_LENGTH && at < chunk.length) header[fill++] = chunk[at++] ?? 0;
    this.#headerFill = fill;
    if (fill === HEADER_LENGTH) {
      this.#type = header[0] ?? 0;
      this.#left = header.readUIntBE(1, 3);
    }
    return at;
  }

  #finish(): void {
    const length = this.#controlFill;
    this.#headerFill = 0;
    this.#controlFill = 0;
    if (this.#type !== FRAME.data) this.sink.control(this.#type, this.#control.subarray(0, length));
  }
}
