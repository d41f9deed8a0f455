/**
 * Reusable blocks for bytes on their way from the TUN's slab into the tunnel.
 *
 * A super-segment is copied once out of the slab.  Fresh 64 KB allocations would be external memory that the collector
 * frees late (hundreds of MB resident after a few Gb/s), so blocks come back when the tunnel has sent them.
 */

/** Holds any IP payload in one piece. */
const BLOCK_BYTES = 65_536;
/** Below this a copy into Node's own small-buffer pool is cheaper than lending out a whole block. */
const SMALL_BYTES = 2_048;
/** Idle blocks kept; more than this come only in bursts and go back to the collector. */
const MAX_IDLE_BLOCKS = 64;

export class BlockPool {
  readonly #idle: Buffer[] = [];

  /** A copy of `bytes` (at most 64 KB).  Give it back with `release` once nobody reads it any more. */
  copy(bytes: Uint8Array): Buffer {
    if (bytes.length <= SMALL_BYTES) return Buffer.from(bytes);
    const block = this.#idle.pop() ?? Buffer.allocUnsafeSlow(BLOCK_BYTES);
    block.set(bytes);
    return bytes.length === BLOCK_BYTES ? block : block.subarray(0, bytes.length);
  }

  release(copied: Buffer): void {
    if (copied.length <= SMALL_BYTES || this.#idle.length >= MAX_IDLE_BLOCKS) return;
    this.#idle.push(Buffer.from(copied.buffer));
  }
}
