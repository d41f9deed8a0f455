/** Frames of HTTP/2 on the wire (RFC 9113, sections 4 and 6). */
import { MAX_FRAME_SIZE } from './limits.ts';
import { ERROR_CODES, Http2Error } from './error.ts';
import type { ErrorName } from './error.ts';
import { encodeBlock } from './hpack/encoder.ts';
import type { Block } from './hpack/block.ts';

export const TYPE = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PUSH_PROMISE: 5,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const;

export const FLAG = { ACK: 1, END_STREAM: 1, END_HEADERS: 4, PADDED: 8, PRIORITY: 0x20 } as const;

export const SETTING = {
  HEADER_TABLE_SIZE: 1,
  ENABLE_PUSH: 2,
  MAX_CONCURRENT_STREAMS: 3,
  INITIAL_WINDOW_SIZE: 4,
  MAX_FRAME_SIZE: 5,
} as const;

/** What a client says first (RFC 9113, section 3.4). */
export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

export const HEADER_BYTES = 9;
/** Dependency and weight in HEADERS. */
export const PRIORITY_BYTES = 5;

/**
 * `whole`: header and payload.  Of DATA that is still coming there is its `head`, with no payload yet, then each `piece` of
 * the payload, without a header; `end` is the last.
 */
export type Extent = 'whole' | 'head' | 'piece' | 'end';

export interface Frame {
  readonly extent: Extent;
  readonly type: number;
  /** Of a piece: none, and of the last one what the header said. */
  readonly flags: number;
  readonly stream: number;
  /** Of the whole payload, bytes. */
  readonly length: number;
  readonly bytes: Buffer;
  /** Where its bytes begin, and where those of its payload do. */
  readonly start: number;
  readonly from: number;
  readonly to: number;
}

export function has(frame: Pick<Frame, 'flags'>, flag: number): boolean {
  return (frame.flags & flag) !== 0;
}

/** The payload without padding (RFC 9113, section 6.1).  Throws an `Http2Error`. */
export function unpad(frame: Frame): { readonly from: number; readonly to: number } {
  const { bytes, from, to } = frame;
  if (frame.extent !== 'whole' || !has(frame, FLAG.PADDED)) return { from, to };
  const end = from < to ? to - bytes[from] : from;
  if (end <= from) throw new Http2Error('PROTOCOL_ERROR', 'more padding than frame');
  return { from: from + 1, to: end };
}

export function writeHeader(length: number, type: number, flags: number, stream: number): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES);
  bytes.writeUIntBE(length, 0, 3);
  bytes[3] = type;
  bytes[4] = flags;
  bytes.writeUInt32BE(stream, 5);
  return bytes;
}

export function writeFrame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  return Buffer.concat([writeHeader(payload.length, type, flags, stream), payload]);
}

function writeWord(type: number, stream: number, word: number): Buffer {
  const payload = Buffer.allocUnsafe(4);
  payload.writeUInt32BE(word);
  return writeFrame(type, 0, stream, payload);
}

export function writeWindowUpdate(stream: number, increment: number): Buffer {
  return writeWord(TYPE.WINDOW_UPDATE, stream, increment);
}

export function writeReset(stream: number, code: number | ErrorName): Buffer {
  return writeWord(TYPE.RST_STREAM, stream, typeof code === 'number' ? code : ERROR_CODES[code]);
}

export function writeGoaway(lastStream: number, code: number): Buffer {
  const payload = Buffer.allocUnsafe(8);
  payload.writeUInt32BE(lastStream, 0);
  payload.writeUInt32BE(code, 4);
  return writeFrame(TYPE.GOAWAY, 0, 0, payload);
}

export const SETTINGS_ACK = writeFrame(TYPE.SETTINGS, FLAG.ACK, 0, Buffer.alloc(0));

export function writeSettings(settings: readonly (readonly [id: number, value: number])[]): Buffer {
  const payload = Buffer.allocUnsafe(settings.length * 6);
  for (const [index, [id, value]] of settings.entries()) {
    payload.writeUInt16BE(id, index * 6);
    payload.writeUInt32BE(value, index * 6 + 2);
  }
  return writeFrame(TYPE.SETTINGS, 0, 0, payload);
}

/** Calls `visit` for each setting of a SETTINGS frame. */
export function readSettings({ bytes, from, to }: Frame, visit: (id: number, value: number) => void): void {
  for (let at = from; at + 6 <= to; at += 6) visit(bytes.readUInt16BE(at), bytes.readUInt32BE(at + 2));
}

/** The one word of RST_STREAM and WINDOW_UPDATE, or the first of GOAWAY; null when there is not as much. */
export function readWord({ bytes, from, to }: Frame): number | null {
  return to - from < 4 ? null : bytes.readUInt32BE(from);
}

export interface OutgoingBlock {
  readonly stream: number;
  readonly block: Block;
  readonly isEnd: boolean;
  /** Dependency and weight, as they came. */
  readonly priority?: Buffer | null;
  readonly sizes: readonly number[];
}

/** HEADERS, and CONTINUATION where one frame that everybody takes is not enough. */
export function writeBlock({ stream, block, isEnd, priority = null, sizes }: OutgoingBlock): Buffer {
  const encoded = encodeBlock(block, sizes);
  const payload = priority === null ? encoded : Buffer.concat([priority, encoded]);
  const first = (isEnd ? FLAG.END_STREAM : 0) | (priority === null ? 0 : FLAG.PRIORITY);
  const frames: Buffer[] = [];
  for (let at = 0; at === 0 || at < payload.length; at += MAX_FRAME_SIZE) {
    const part = payload.subarray(at, at + MAX_FRAME_SIZE);
    const last = at + MAX_FRAME_SIZE >= payload.length ? FLAG.END_HEADERS : 0;
    frames.push(writeFrame(at === 0 ? TYPE.HEADERS : TYPE.CONTINUATION, (at === 0 ? first : 0) | last, stream, part));
  }
  return Buffer.concat(frames);
}
