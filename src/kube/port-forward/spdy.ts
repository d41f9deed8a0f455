/**
 * The tunnelled form, `SPDY/3.1+portforward.k8s.io` (Kubernetes 1.30 and up; kubectl's own since 1.31): the messages are
 * a byte stream in which SPDY/3.1 is spoken with the node's runtime.  Faster than the legacy form, whose messages the
 * runtime takes apart one small piece at a time.
 *
 * Of SPDY only this much is needed: two streams are opened, one for errors (at once half-closed) and one for data; data
 * frames have a header of 8 bytes; neither end keeps windows (moby/spdystream has none).  Draft mbelshe-httpbis-spdy-00,
 * section 2.
 */
import type { Frame, Framing } from './framing.ts';

export const SPDY_PROTOCOL = 'SPDY/3.1+portforward.k8s.io';

const HEADER = 8;
const ERROR_STREAM = 1;
const DATA_STREAM = 3;

const CONTROL = 0x80;
const VERSION = 3;
const SYN_STREAM = 1;
const SYN_REPLY = 2;
const RST_STREAM = 3;
const PING = 6;
const GOAWAY = 7;
const FLAG_FIN = 0x01;

const EMPTY_BLOCK = Buffer.from([0, 0, 0, 0xff, 0xff]);

/** Header blocks and settings are small; a longer control frame is none. */
const CONTROL_LIMIT = 64 * 1024;

export class SpdyFraming implements Framing {
  readonly opening: Buffer;
  /** A frame's header, and a control frame's body, as far as they have come. */
  #held: Buffer = Buffer.alloc(0);
  /** What is left of the data frame at hand. */
  #left = 0;
  #stream = 0;
  #isLast = false;
  /** Streams that the far side has ended. */
  readonly #ended = new Set<number>();

  constructor(port: number) {
    const headers = (type: string): [string, string][] => [
      ['streamtype', type],
      ['port', String(port)],
      ['requestid', '0'],
    ];
    this.opening = Buffer.concat([
      synStream(ERROR_STREAM, headers('error'), true),
      dataHeader(ERROR_STREAM, 0, FLAG_FIN),
      synStream(DATA_STREAM, headers('data'), false),
    ]);
  }

  head(length: number): Buffer {
    return dataHeader(DATA_STREAM, length, 0);
  }

  /** Frames are cut into messages anywhere; payload is handed on as it comes, without waiting for its frame's end. */
  read(message: Buffer, take: (frame: Frame) => void): void {
    let rest = message;
    while (rest.length > 0) {
      if (this.#left > 0) {
        const payload = rest.subarray(0, this.#left);
        this.#left -= payload.length;
        rest = rest.subarray(payload.length);
        this.#payload(payload, take);
        if (this.#left === 0) this.#frameEnds(take);
        continue;
      }
      const more = rest.subarray(0, this.#needed() - this.#held.length);
      rest = rest.subarray(more.length);
      this.#held = this.#held.length === 0 ? more : Buffer.concat([this.#held, more]);
      const needed = this.#needed();
      if (needed > HEADER + CONTROL_LIMIT) return take({ kind: 'malformed', reason: `${needed} bytes of control` });
      if (this.#held.length < needed) continue;
      const frame = this.#held;
      this.#held = Buffer.alloc(0);
      if ((frame[0] & CONTROL) === 0) this.#dataBegins(frame, take);
      else this.#control(frame, take);
    }
  }

  /** Length of what has to be there before anything can be said: a header, or all of a control frame. */
  #needed(): number {
    const held = this.#held;
    if (held.length < HEADER || (held[0] & CONTROL) === 0) return HEADER;
    return HEADER + held.readUIntBE(5, 3);
  }

  #dataBegins(header: Buffer, take: (frame: Frame) => void): void {
    this.#stream = header.readUInt32BE(0);
    this.#isLast = (header[4] & FLAG_FIN) !== 0;
    this.#left = header.readUIntBE(5, 3);
    if (this.#left === 0) this.#frameEnds(take);
  }

  #payload(payload: Buffer, take: (frame: Frame) => void): void {
    if (this.#stream === DATA_STREAM) take({ kind: 'data', payload });
    else if (this.#stream === ERROR_STREAM) take({ kind: 'error', text: payload.toString('utf8') });
    else take({ kind: 'malformed', reason: `stream ${this.#stream}` });
  }

  #frameEnds(take: (frame: Frame) => void): void {
    if (this.#isLast) this.#ends(this.#stream, take);
  }

  /** The data stream may end before the error stream says why: only the end of both is an orderly one. */
  #ends(stream: number, take: (frame: Frame) => void): void {
    this.#ended.add(stream);
    if (this.#ended.has(DATA_STREAM) && this.#ended.has(ERROR_STREAM)) take({ kind: 'end' });
  }

  #control(frame: Buffer, take: (frame: Frame) => void): void {
    const type = frame.readUInt16BE(2);
    const id = frame.length >= HEADER + 4 ? frame.readUInt32BE(HEADER) & 0x7fff_ffff : 0;
    const isLast = (frame[4] & FLAG_FIN) !== 0;
    switch (type) {
      case SYN_REPLY:
        // Its headers are empty: that it came is the whole answer.
        if (id === DATA_STREAM) take({ kind: 'ready' });
        if (isLast) this.#ends(id, take);
        return;
      case RST_STREAM:
        if (id === DATA_STREAM) take({ kind: 'error', text: 'the connection in the pod was reset' });
        return;
      case PING:
        // The far side's numbers are even; an odd one would be an answer, and we ask nothing.
        if (id % 2 === 0) take({ kind: 'answer', message: Buffer.from(frame) });
        return;
      case GOAWAY:
        return take({ kind: 'error', text: 'the node closed the connection' });
      default:
        // SETTINGS, HEADERS, WINDOW_UPDATE: of no use here.
        return;
    }
  }
}

function dataHeader(stream: number, length: number, flags: number): Buffer {
  const header = Buffer.alloc(HEADER);
  header.writeUInt32BE(stream, 0);
  header.writeUInt32BE(length, 4);
  header[4] = flags;
  return header;
}

function synStream(stream: number, headers: readonly [string, string][], isFirst: boolean): Buffer {
  const block = headerBlock(headers, isFirst);
  const frame = Buffer.alloc(HEADER + 10);
  frame.writeUInt16BE(0x8000 | VERSION, 0);
  frame.writeUInt16BE(SYN_STREAM, 2);
  frame.writeUInt32BE(10 + block.length, 4);
  frame.writeUInt32BE(stream, HEADER);
  return Buffer.concat([frame, block]);
}

/**
 * Names and values in the connection's one zlib stream.  Stored blocks (RFC 1951 section 3.2.4) are as good a stream as
 * any, and need neither SPDY's dictionary nor a compressor that outlives the first block.  An empty one follows, as a
 * compressor's flush would write it: readers hand out what they have only then.
 */
function headerBlock(headers: readonly [string, string][], isFirst: boolean): Buffer {
  const parts = [uint32(headers.length)];
  for (const text of headers.flat()) parts.push(uint32(Buffer.byteLength(text)), Buffer.from(text));
  const plain = Buffer.concat(parts);
  const stored = Buffer.alloc(5);
  stored.writeUInt16LE(plain.length, 1);
  stored.writeUInt16LE(~plain.length & 0xffff, 3);
  // RFC 1950 section 2.2: deflate with a 32 kB window, no preset dictionary.
  const zlibHeader = isFirst ? Buffer.from([0x78, 0x01]) : Buffer.alloc(0);
  return Buffer.concat([zlibHeader, stored, plain, EMPTY_BLOCK]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value, 0);
  return bytes;
}
