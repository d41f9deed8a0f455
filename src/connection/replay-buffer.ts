/**
 * What has been written to the byte stream and not yet been acknowledged, by reference.
 *
 * One queue with two marks: `acked`, below which everything is gone, and `sent`, up to which this transport has been
 * given the bytes.  A resume sets `sent` back; sending then goes on as always.  Chunks are never changed, and only short
 * ones are copied: an object for each would cost more than its bytes, and a bound in bytes would bound nothing.
 */
import { SMALL_PIECE } from './limits.ts';

const COMPACT_AT = 1024;
/** Short chunks are put together in these, bytes. */
const BLOCK = 4_096;
const EMPTY: Uint8Array = new Uint8Array(0);

export class ReplayBuffer {
  /** Offset of the first byte that is held. */
  acked = 0;
  /** Offset of the next byte for the transport. */
  sent = 0;
  /** Offset behind the last byte. */
  written = 0;

  readonly #chunks: Uint8Array[] = [];
  readonly #releases: ((() => void) | undefined)[] = [];
  /** First chunk that is held, and the offset at which it starts. */
  #head = 0;
  #headStart = 0;
  /** The chunk that holds offset `sent`, and the offset at which it starts. */
  #next = 0;
  #nextStart = 0;
  /** The block that short chunks go into, where those begin that are not a chunk of the queue yet, and where they end. */
  #block = EMPTY;
  #blockStart = 0;
  #blockEnd = 0;

  /** `release` is called when the chunk, and all before it, are held no more; an empty one only asks to be told. */
  push(chunk: Uint8Array, release?: () => void): void {
    if (release === undefined && chunk.length < SMALL_PIECE) return this.#gather(chunk);
    if (release !== undefined && chunk.length === 0 && this.acked === this.written) return release();
    this.#closeBlock();
    this.#chunks.push(chunk);
    this.#releases.push(release);
    this.written += chunk.length;
  }

  /** Moves up to `limit` unsent bytes into `out`; returns how many. */
  take(limit: number, out: Uint8Array[]): number {
    this.#closeBlock();
    let room = Math.min(limit, this.written - this.sent);
    const taken = room;
    while (room > 0) {
      const chunk = this.#chunks[this.#next];
      if (chunk === undefined) break;
      const from = this.sent - this.#nextStart;
      const length = Math.min(chunk.length - from, room);
      if (length > 0) out.push(length === chunk.length ? chunk : chunk.subarray(from, from + length));
      this.sent += length;
      room -= length;
      if (from + length === chunk.length) {
        this.#next++;
        this.#nextStart += chunk.length;
      }
    }
    return taken;
  }

  /** Everything below `offset` has arrived.  False: the peer claims what was never sent, or takes back its word. */
  acknowledge(offset: number): boolean {
    if (offset < this.acked || offset > this.sent) return false;
    this.acked = offset;
    const chunks = this.#chunks;
    for (;;) {
      const chunk = chunks[this.#head];
      if (chunk === undefined || this.#headStart + chunk.length > offset) break;
      chunks[this.#head] = EMPTY;
      this.#releases[this.#head]?.();
      this.#releases[this.#head] = undefined;
      this.#headStart += chunk.length;
      this.#head++;
    }
    // Empty chunks behind the last that was taken are gone as well.
    if (this.#next < this.#head) this.#next = this.#head;
    if (this.#head >= COMPACT_AT && this.#head * 2 >= chunks.length) {
      chunks.splice(0, this.#head);
      this.#releases.splice(0, this.#head);
      this.#next -= this.#head;
      this.#head = 0;
    }
    return true;
  }

  /** A new transport whose peer has received up to `offset`: what follows is sent again.  False as above. */
  rewind(offset: number): boolean {
    if (!this.acknowledge(offset)) return false;
    this.sent = offset;
    this.#next = this.#head;
    this.#nextStart = this.#headStart;
    return true;
  }

  clear(): void {
    this.#chunks.length = 0;
    this.#releases.length = 0;
  }

  #gather(chunk: Uint8Array): void {
    if (this.#blockEnd + chunk.length > this.#block.length) {
      this.#closeBlock();
      this.#block = Buffer.allocUnsafeSlow(BLOCK);
      this.#blockStart = 0;
      this.#blockEnd = 0;
    }
    this.#block.set(chunk, this.#blockEnd);
    this.#blockEnd += chunk.length;
    this.written += chunk.length;
  }

  /** What has been gathered becomes a chunk; the rest of its block is for those that follow. */
  #closeBlock(): void {
    if (this.#blockStart === this.#blockEnd) return;
    this.#chunks.push(this.#block.subarray(this.#blockStart, this.#blockEnd));
    this.#releases.push(undefined);
    this.#blockStart = this.#blockEnd;
  }
}
