/**
 * Reusable blocks for bytes that wait: on their way into the tunnel, or to be acknowledged by a program.
 *
 * What is read is read into memory that the next read uses again, and copied once into a block where it has to wait.
 * Fresh allocations instead would be external memory, which makes V8 look through its whole heap for every 64 MB of
 * them (half of the session's CPU time under load), and which it frees late (hundreds of MB resident).
 */

/** The largest block; holds any IP payload in one piece. */
export const BLOCK_BYTES = 65_536;
/** The smallest block.  Up to half of it a copy into Node's own small-buffer pool is cheaper than lending out a block. */
const SMALLEST_BYTES = 4_096;
export const SMALL_BYTES = SMALLEST_BYTES / 2;
/** Idle blocks kept, bytes; more than this come only in bursts and go back to the collector. */
const IDLE_BYTES = 16 << 20;

class BlockPool {
  /** By size: each is twice as large as the one before, so that no copy holds more than twice its bytes. */
  readonly #idle: Buffer[][] = [];
  #idleBytes = 0;

  /** A block of at least `length` bytes (at most BLOCK_BYTES) with anything in it. */
  take(length: number): Buffer {
    const kind = kindOf(length);
    const block = this.#idle[kind]?.pop();
    if (block === undefined) return Buffer.allocUnsafeSlow(SMALLEST_BYTES << kind);
    this.#idleBytes -= block.length;
    return block;
  }

  /** A copy of `bytes` (at most BLOCK_BYTES).  Give it back with `release` once it is no longer read. */
  copy(bytes: Uint8Array): Buffer {
    if (bytes.length <= SMALL_BYTES) return Buffer.from(bytes);
    const block = this.take(bytes.length);
    block.set(bytes);
    return bytes.length === block.length ? block : block.subarray(0, bytes.length);
  }

  /** Takes back what `take` or `copy` gave. */
  release(bytes: Uint8Array): void {
    if (bytes.length <= SMALL_BYTES) return;
    const { buffer } = bytes;
    if (this.#idleBytes + buffer.byteLength > IDLE_BYTES) return;
    this.#idleBytes += buffer.byteLength;
    (this.#idle[kindOf(buffer.byteLength)] ??= []).push(Buffer.from(buffer));
  }
}

function kindOf(length: number): number {
  return Math.max(0, 32 - Math.clz32((length - 1) / SMALLEST_BYTES));
}

/** One for the whole process: a part with a burst uses what the others have left. */
export const blocks = new BlockPool();
