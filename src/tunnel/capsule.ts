/**
 * Capsules (RFC 9297, section 3.2): type and length as variable-length integers (RFC 9000, section 16), then the value.
 *
 * DATAGRAM capsules carry a context id (always 0 here, RFC 9298, section 4) and one UDP payload.  A type of our own
 * carries the errno with which the far socket failed; other types are skipped, as the RFC wants.
 */
import { DATAGRAM_LIMIT } from './limits.ts';

export const CAPSULE = {
  datagram: 0x00,
  /** From the range free for private use; the value is an errno's name. */
  errno: 0x2d72,
} as const;

/** Type (1 or 2 bytes), length (4 bytes at most for what we send), context id. */
const HEADER_ROOM = 7;
/** Type and length, 8 bytes each. */
const LONGEST_HEADER = 16;

/** A datagram as one buffer of its own: what is passed in may be a view of memory that changes. */
export function datagramCapsule(payload: Uint8Array): Buffer {
  const capsule = Buffer.allocUnsafe(HEADER_ROOM + payload.length);
  capsule[0] = CAPSULE.datagram;
  const start = writeVarint(capsule, 1, payload.length + 1);
  capsule[start] = 0;
  capsule.set(payload, start + 1);
  return capsule.subarray(0, start + 1 + payload.length);
}

export function errnoCapsule(errno: string): Buffer {
  const capsule = Buffer.alloc(HEADER_ROOM + errno.length);
  const start = writeVarint(capsule, writeVarint(capsule, 0, CAPSULE.errno), errno.length);
  return capsule.subarray(0, start + capsule.write(errno, start, 'latin1'));
}

export interface CapsuleSink {
  /** One UDP payload, the receiver's to keep. */
  datagram(payload: Buffer): void;
  errno(name: string): void;
}

/** Cuts a stream's bytes into capsules.  Holds at most one datagram. */
export class CapsuleDecoder {
  readonly #sink: CapsuleSink;
  #held: Buffer = Buffer.alloc(0);

  constructor(sink: CapsuleSink) {
    this.#sink = sink;
  }

  /** False: the peer breaks the protocol, and the stream has to be reset. */
  push(chunk: Buffer): boolean {
    let bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    for (;;) {
      const header = readHeader(bytes);
      if (header === null) break;
      if (header.length > DATAGRAM_LIMIT + 1) return false;
      const end = header.start + header.length;
      if (bytes.length < end) break;
      this.#deliver(header.type, bytes.subarray(header.start, end));
      bytes = bytes.subarray(end);
    }
    if (bytes.length > DATAGRAM_LIMIT + 1 + LONGEST_HEADER) return false;
    // A copy where it is small, so that a few bytes do not keep a whole block of received memory alive.
    this.#held = bytes.length * 2 < chunk.length ? Buffer.from(bytes) : bytes;
    return true;
  }

  #deliver(type: number, value: Buffer): void {
    if (type === CAPSULE.errno) this.#sink.errno(value.toString('latin1'));
    // Other contexts are extensions that nobody registered (RFC 9298, section 4).
    else if (type === CAPSULE.datagram && value[0] === 0) this.#sink.datagram(value.subarray(1));
  }
}

interface Header {
  readonly type: number;
  readonly length: number;
  readonly start: number;
}

/** Null: not all of it is there. */
function readHeader(bytes: Buffer): Header | null {
  const typeLength = varintLength(bytes, 0);
  if (bytes.length < typeLength + 1) return null;
  const start = typeLength + varintLength(bytes, typeLength);
  if (bytes.length < start) return null;
  return { type: readVarint(bytes, 0, typeLength), length: readVarint(bytes, typeLength, start - typeLength), start };
}

function varintLength(bytes: Buffer, at: number): number {
  return 1 << ((bytes[at] ?? 0) >>> 6);
}

/** Exact up to 2^53; what is larger is refused for its length anyway. */
function readVarint(bytes: Buffer, at: number, length: number): number {
  let value = (bytes[at] ?? 0) & 0x3f;
  for (let i = 1; i < length; i++) value = value * 256 + (bytes[at + i] ?? 0);
  return value;
}

/** Writes `value` (below 2^30) and returns the place behind it. */
function writeVarint(target: Buffer, at: number, value: number): number {
  if (value < 0x40) {
    target[at] = value;
    return at + 1;
  }
  if (value < 0x4000) {
    target.writeUInt16BE(0x4000 | value, at);
    return at + 2;
  }
  target.writeUInt32BE((0x8000_0000 | value) >>> 0, at);
  return at + 4;
}
