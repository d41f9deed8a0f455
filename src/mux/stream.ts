/**
 * One byte stream in the multiplexer: the same at both ends.
 *
 * Flow control is by credit: the reader grants what its consumer has taken, so that a reader who stalls makes the writer
 * hold no more than one window, and no other stream waits.  The window begins small and doubles while it is what limits the
 * stream, up to what a long fat path needs.
 */
import { SMALL_BYTES, blocks } from '../block-pool.ts';
import { STREAM_WINDOW, STREAM_WINDOW_MAX } from './limits.ts';
import type { FlowBytes } from './flow.ts';

const nothing = (): void => {};

/** What a stream needs of its multiplexer. */
export interface StreamOwner {
  /** Bytes wait and may be sent, or the end does. */
  wantsToSend(stream: MuxStream): void;
  sendCredit(stream: MuxStream, bytes: number): void;
  sendEnd(stream: MuxStream): void;
  sendReset(stream: MuxStream): void;
  /** Calls `release` once nothing that has been sent so far is read any more. */
  whenSent(release: () => void): void;
  /** Both directions are over. */
  finished(stream: MuxStream): void;
  /** Room for a window to grow by `bytes` (of all streams' budget). */
  mayGrow(bytes: number): boolean;
  /** Shortest round trip, ms. */
  readonly roundTrip: number;
}

export class MuxStream implements FlowBytes {
  readonly id: number;
  onData: (chunk: Uint8Array) => void = nothing;
  onEnd: () => void = nothing;
  onReset: () => void = nothing;
  /** In the multiplexer's queue of those who want to send. */
  isQueued = false;
  readonly #owner: StreamOwner;
  /* Towards the other end. */
  #chunks: Uint8Array[] = [];
  #dones: (() => void)[] = [];
  #releases: ((() => void) | undefined)[] = [];
  #offset = 0;
  #credit: number;
  #isEnding = false;
  /** It ends by a reset. */
  #isAborting = false;
  #endSent = false;
  /* From the other end. */
  #window = STREAM_WINDOW;
  /** What the other end may still send. */
  #granted = STREAM_WINDOW;
  /** Taken by the consumer since the last grant. */
  #taken = 0;
  #grantedAt = 0;
  #isPaused = false;
  #held: Uint8Array[] = [];
  #endReceived = false;
  #endDelivered = false;
  #isOver = false;

  /** `credit`: what may be sent at once; none while the stream's opening has not been sent. */
  constructor(id: number, owner: StreamOwner, credit = STREAM_WINDOW) {
    this.id = id;
    this.#owner = owner;
    this.#credit = credit;
  }

  write(chunk: Uint8Array, done: () => void, release?: () => void): void {
    if (this.#isOver || this.#isEnding || chunk.length === 0) {
      release?.();
      done();
      return;
    }
    this.#chunks.push(chunk);
    this.#dones.push(done);
    this.#releases.push(release);
    if (this.#credit > 0) this.#owner.wantsToSend(this);
  }

  end(): void {
    if (this.#isOver || this.#isEnding) return;
    this.#isEnding = true;
    // In its turn, like bytes: a reset in the same turn of the loop then goes alone, and is an RST at the far end too.
    if (this.#chunks.length === 0) this.#owner.wantsToSend(this);
  }

  reset(): void {
    if (this.#isOver) return;
    this.#owner.sendReset(this);
    this.#drop();
  }

  /** RST after everything written, in its turn like `end`. */
  abort(): void {
    if (this.#isOver || this.#isAborting) return;
    this.#isEnding = true;
    this.#isAborting = true;
    if (this.#chunks.length === 0) this.reset();
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    while (this.#held.length > 0 && !this.#isPaused && !this.#isOver) {
      const chunk = this.#held.shift() as Uint8Array;
      this.#deliver(chunk);
      blocks.release(chunk);
    }
    this.#deliverEnd();
  }

  /* ---- what the multiplexer calls ---- */

  /**
   * Hands at most `limit` bytes to `out`, in slices of what was written, the last slice of each chunk with its `release`;
   * returns how many.
   */
  take(limit: number, out: (chunk: Uint8Array, release: (() => void) | undefined) => void): number {
    let room = Math.min(limit, this.#credit);
    const start = room;
    while (room > 0 && this.#chunks.length > 0) {
      const chunk = this.#chunks[0];
      const length = Math.min(chunk.length - this.#offset, room);
      // A chunk is not cut for the sake of a full quantum.
      if (length < chunk.length - this.#offset && room < start) break;
      const isLast = this.#offset + length === chunk.length;
      out(
        length === chunk.length ? chunk : chunk.subarray(this.#offset, this.#offset + length),
        isLast ? this.#releases[0] : undefined,
      );
      room -= length;
      this.#offset += length;
      if (!isLast) continue;
      this.#offset = 0;
      this.#chunks.shift();
      this.#releases.shift();
      (this.#dones.shift() as () => void)();
    }
    this.#credit -= start - room;
    return start - room;
  }

  /** The next chunk has been handed out in part. */
  get isWithinChunk(): boolean {
    return this.#offset > 0;
  }

  get canSend(): boolean {
    return this.#credit > 0 && this.#chunks.length > 0;
  }

  /** After `take` left nothing: the end that was waiting for it. */
  endIfDone(): void {
    if (!this.#isEnding || this.#endSent || this.#isOver || this.#chunks.length > 0) return;
    if (this.#isAborting) this.reset();
    else this.#sendEnd();
  }

  /** Returns false when the other end sends more than it was granted. */
  received(view: Buffer): boolean {
    if (this.#isOver) return true;
    this.#granted -= view.length;
    if (this.#granted < 0 || this.#endReceived) return false;
    if (this.#isPaused || this.#held.length > 0) this.#hold(view);
    else this.#deliver(view);
    return true;
  }

  credited(bytes: number): void {
    const wasBlocked = this.#credit <= 0;
    this.#credit += bytes;
    if (wasBlocked && this.canSend) this.#owner.wantsToSend(this);
  }

  ended(): void {
    this.#endReceived = true;
    this.#deliverEnd();
  }

  /** RST by the other end.  What it had sent before goes first, paused or not: it fits into the window. */
  wasReset(): void {
    for (const chunk of this.#held.splice(0)) {
      if (!this.#isOver) this.onData(chunk);
      blocks.release(chunk);
    }
    this.lost();
  }

  /** The stream is gone. */
  lost(): void {
    if (this.#isOver) return;
    // First, so that no writer whose chunk is given back writes the next one.
    this.#isOver = true;
    this.onReset();
    this.#drop();
  }

  /** Over without a word: what became of it has been told in another way. */
  discard(): void {
    this.onReset = nothing;
    this.lost();
  }

  #hold(view: Buffer): void {
    const last = this.#held.at(-1);
    // An object for each would cost more than the bytes.
    const isTiny = last !== undefined && last.length + view.length <= SMALL_BYTES;
    if (isTiny) this.#held[this.#held.length - 1] = Buffer.concat([last, view]);
    else this.#held.push(blocks.copy(view));
  }

  #deliver(chunk: Uint8Array): void {
    this.onData(chunk);
    if (this.#isOver) return;
    this.#taken += chunk.length;
    if (this.#taken * 2 >= this.#window && !this.#endReceived) this.#grant();
  }

  #grant(): void {
    const now = performance.now();
    // Half a window in less than two round trips: the window is what limits.
    const isLimit = now - this.#grantedAt < 2 * this.#owner.roundTrip;
    this.#grantedAt = now;
    let bytes = this.#taken;
    this.#taken = 0;
    if (isLimit && this.#window < STREAM_WINDOW_MAX && this.#owner.mayGrow(this.#window)) {
      bytes += this.#window;
      this.#window *= 2;
    }
    this.#granted += bytes;
    this.#owner.sendCredit(this, bytes);
  }

  /** Above what every stream has, bytes. */
  get grownBy(): number {
    return this.#window - STREAM_WINDOW;
  }

  #deliverEnd(): void {
    if (!this.#endReceived || this.#endDelivered || this.#held.length > 0 || this.#isPaused || this.#isOver) return;
    this.#endDelivered = true;
    this.onEnd();
    this.#finishIfOver();
  }

  #sendEnd(): void {
    this.#endSent = true;
    this.#owner.sendEnd(this);
    this.#finishIfOver();
  }

  #finishIfOver(): void {
    if (this.#isOver || !this.#endSent || !this.#endDelivered) return;
    this.#isOver = true;
    this.#owner.finished(this);
  }

  /** Drops what waits; its writer is told that it is gone. */
  #drop(): void {
    this.#isOver = true;
    this.#owner.finished(this);
    for (const chunk of this.#held) blocks.release(chunk);
    this.#held = [];
    const dones = this.#dones;
    const releases = this.#releases;
    this.#chunks = [];
    this.#dones = [];
    this.#releases = [];
    // The beginning of the first chunk is on its way, and may have to be sent again.
    const partial = this.isWithinChunk ? releases.shift() : undefined;
    if (partial !== undefined) this.#owner.whenSent(partial);
    for (const release of releases) release?.();
    for (const done of dones) done();
  }
}
