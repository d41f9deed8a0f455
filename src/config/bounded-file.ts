/** Reads files that may be anything: neither waits for one nor reads it without end. */
import { constants, open } from 'node:fs/promises';

/** Up to this many bytes at once. */
const CHUNK_BYTES = 64 * 1024;

/**
 * The bytes of a regular file; null when it has more than `limit`.  A device or a pipe in its place throws; files of /proc,
 * whose size is told as 0, are bounded by what is read of them.
 */
export async function readBounded(path: string, limit: number): Promise<Buffer | null> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const facts = await file.stat();
    if (!facts.isFile()) throw new Error('it is not a regular file');
    if (facts.size > limit) return null;
    const chunks: Buffer[] = [];
    for (let size = 0; size <= limit;) {
      const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, limit + 1 - size));
      const { bytesRead } = await file.read(chunk, 0, chunk.length, null);
      if (bytesRead === 0) return Buffer.concat(chunks);
      chunks.push(chunk.subarray(0, bytesRead));
      size += bytesRead;
    }
    return null;
  } finally {
    await file.close();
  }
}
