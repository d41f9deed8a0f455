/** Bytes that both ends can make for themselves: an AES-CTR key stream, incompressible and never repeating. */
import { createCipheriv, createHash } from 'node:crypto';

const BLOCK = Buffer.alloc(65_536);

export function* patternBlocks(byteCount: number): Generator<Buffer> {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16));
  for (let left = byteCount; left > 0; left -= BLOCK.length) {
    yield cipher.update(left < BLOCK.length ? BLOCK.subarray(0, left) : BLOCK);
  }
}

/** SHA-256 of the first `byteCount` bytes, in hexadecimal. */
export function patternDigest(byteCount: number): string {
  const hash = createHash('sha256');
  for (const block of patternBlocks(byteCount)) hash.update(block);
  return hash.digest('hex');
}
