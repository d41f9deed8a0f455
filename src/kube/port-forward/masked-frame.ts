/**
 * One binary message of a client as one WebSocket frame, with a real mask (RFC 6455, sections 5.2 and 5.3).
 *
 * Our own, since `ws` masks byte by byte, which takes several times as long as TLS takes to encrypt.  Here the bytes are
 * copied once into the frame, as they would be anyway, and masked there eight at a time (docs/performance.md has the
 * figures).
 */
import { randomFillSync } from 'node:crypto';

const FINAL_BINARY = 0x82;
const MASKED = 0x80;
const LENGTH_16 = 126;
const LENGTH_64 = 127;
/** Bytes masked at once. */
const WORD = 8;
/** Where the payload starts in the frame's memory: room for the longest header (14 bytes), at a whole word. */
const PAYLOAD_AT = 2 * WORD;
const MASK_LENGTH = 4;

/** Unpredictable bytes, drawn in bulk: a system call for each frame would cost more than its mask. */
const masks = Buffer.alloc(8_192);
let masksUsed = masks.length;

/** `chunks`' lengths add up to `length`. */
export function maskedFrame(chunks: readonly Uint8Array[], length: number): Buffer {
  const words = Math.ceil((PAYLOAD_AT + length) / WORD);
  const frame = Buffer.allocUnsafeSlow(words * WORD);
  let at = PAYLOAD_AT;
  for (const chunk of chunks) {
    frame.set(chunk, at);
    at += chunk.length;
  }
  const maskAt = PAYLOAD_AT - MASK_LENGTH;
  drawMask(frame, maskAt);
  // Twice, for a whole word; the head comes over the first.
  frame.copyWithin(maskAt - MASK_LENGTH, maskAt, PAYLOAD_AT);
  mask(new BigInt64Array(frame.buffer, frame.byteOffset, words), PAYLOAD_AT / WORD);
  return frame.subarray(writeHead(frame, maskAt, length), PAYLOAD_AT + length);
}

function drawMask(frame: Buffer, at: number): void {
  if (masksUsed === masks.length) {
    randomFillSync(masks);
    masksUsed = 0;
  }
  masks.copy(frame, at, masksUsed, masksUsed + MASK_LENGTH);
  masksUsed += MASK_LENGTH;
}

/** All words from `start` on; the one before it is the mask. */
function mask(words: BigInt64Array, start: number): void {
  const key = words[start - 1];
  for (let i = start; i < words.length; i++) words[i] ^= key;
}

/** Writes the head that ends at `end`; returns where it starts. */
function writeHead(frame: Buffer, end: number, length: number): number {
  if (length < LENGTH_16) {
    frame[end - 2] = FINAL_BINARY;
    frame[end - 1] = MASKED | length;
    return end - 2;
  }
  if (length <= 0xffff) {
    frame[end - 4] = FINAL_BINARY;
    frame[end - 3] = MASKED | LENGTH_16;
    frame.writeUInt16BE(length, end - 2);
    return end - 4;
  }
  frame[end - 10] = FINAL_BINARY;
  frame[end - 9] = MASKED | LENGTH_64;
  frame.writeUInt32BE(0, end - 8);
  frame.writeUInt32BE(length, end - 4);
  return end - 10;
}
