/**
 * Frames of the multiplexer, inside the byte stream: four bytes stream number, one byte type, three bytes length (network
 * order), then the payload.
 *
 * DATA payloads are handed on as views of whatever arrived, in pieces; all other payloads are gathered, each bounded by
 * its type.
 */
import { ANSWER_LIMIT, DATAGRAM_LIMIT, QUESTION_LIMIT } from './limits.ts';
import { CONTROL_LIMIT } from '../connection/limits.ts';

export const MUX_HEADER_LENGTH = 8;

export const MUX = {
  data: 0,
  /** u32: bytes that may be sent on top. */
  credit: 1,
  /** FIN. */
  end: 2,
  /** RST. */
  reset: 3,
  datagram: 4,
  /** `OPEN` of peer/opening.ts. */
  open: 8,
  /** The dial succeeded. */
  accept: 9,
  /** The dial failed, or a datagram flow's socket did: the errno's name. */
  refuse: 10,
  /** The one answer to a question. */
  answer: 11,
  ping: 12,
  pong: 13,
} as const;

export type MuxType = (typeof MUX)[keyof typeof MUX];

/** Longest payload by type; what is not here is unknown. */
const LIMITS: Readonly<Record<number, number>> = {
  [MUX.data]: 0xff_ff_ff,
  [MUX.credit]: 4,
  [MUX.end]: 0,
  [MUX.reset]: 0,
  [MUX.datagram]: DATAGRAM_LIMIT,
  [MUX.open]: QUESTION_LIMIT,
  [MUX.accept]: 0,
  [MUX.refuse]: CONTROL_LIMIT,
  [MUX.answer]: ANSWER_LIMIT,
  [MUX.ping]: 8,
  [MUX.pong]: 8,
};

const NOTHING = new Uint8Array(0);

export interface MuxSink {
  /** Part of a stream's bytes; `view` is valid only during the call. */
  data(stream: number, view: Buffer): void;
  /** Any other frame; `payload` is valid only during the call. */
  frame(stream: number, type: number, payload: Buffer): void;
}

export function muxFrame(stream: number, type: MuxType, payload: Uint8Array = NOTHING): Buffer {
  const frame = Buffer.allocUnsafe(MUX_HEADER_LENGTH + payload.length);
  writeMuxHeader(frame, stream, type, payload.length);
  frame.set(payload, MUX_HEADER_LENGTH);
  return frame;
}

export function muxHeader(stream: number, type: MuxType, length: number): Buffer {
  const header = Buffer.allocUnsafe(MUX_HEADER_LENGTH);
  writeMuxHeader(header, stream, type, length);
  return header;
}

function writeMuxHeader(target: Buffer, stream: number, type: MuxType, length: number): void {
  target[0] = stream >>> 24;
  target[1] = stream >>> 16;
  target[2] = stream >>> 8;
  target[3] = stream;
  target[4] = type;
  target[5] = length >>> 16;
  target[6] = length >>> 8;
  target[7] = length;
}

/** Cuts the byte stream into frames, whatever the chunks' boundaries. */
export class MuxDecoder {
  readonly #sink: MuxSink;
  readonly #header = Buffer.alloc(MUX_HEADER_LENGTH);
  #headerFill = 0;
  #stream = 0;
  #type = 0;
  /** Payload bytes of the current frame that are still to come. */
  #left = 0;
  /** The gathered part of a payload that did not come in one piece. */
  #gathered: Buffer | null = null;

  constructor(sink: MuxSink) {
    this.#sink = sink;
  }

  /** Returns false when a frame is of no known form: the peer speaks something else. */
  push(chunk: Buffer): boolean {
    let at = 0;
    while (at < chunk.length) {
      if (this.#headerFill < MUX_HEADER_LENGTH) {
        const header = this.#header;
        let fill = this.#headerFill;
        while (fill < MUX_HEADER_LENGTH && at < chunk.length) header[fill++] = chunk[at++] ?? 0;
        this.#headerFill = fill;
        if (fill < MUX_HEADER_LENGTH) return true;
        if (!this.#readHeader()) return false;
        if (this.#left === 0) this.#whole(header.subarray(0, 0));
        continue;
      }
      const length = Math.min(this.#left, chunk.length - at);
      const view = at === 0 && length === chunk.length ? chunk : chunk.subarray(at, at + length);
      at += length;
      if (this.#type === MUX.data) {
        this.#left -= length;
        if (this.#left === 0) this.#headerFill = 0;
        this.#sink.data(this.#stream, view);
      } else {
        this.#gather(view);
      }
    }
    return true;
  }

  #readHeader(): boolean {
    const header = this.#header;
    this.#stream = header.readUInt32BE(0);
    this.#type = header[4] ?? 0;
    this.#left = header.readUIntBE(5, 3);
    const limit = LIMITS[this.#type];
    return limit !== undefined && this.#left <= limit;
  }

  #gather(view: Buffer): void {
    if (this.#gathered === null && view.length === this.#left) return this.#whole(view);
    // Grown with what comes, so that a length alone takes no memory.
    this.#gathered = this.#gathered === null ? Buffer.from(view) : Buffer.concat([this.#gathered, view]);
    this.#left -= view.length;
    if (this.#left === 0) this.#whole(this.#gathered);
  }

  #whole(payload: Buffer): void {
    this.#headerFill = 0;
    this.#gathered = null;
    this.#left = 0;
    if (this.#type === MUX.data) return; // an empty one says nothing
    this.#sink.frame(this.#stream, this.#type, payload);
  }
}
