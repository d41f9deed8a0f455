/**
 * What has been written to the byte stream and not yet been acknowledged, by reference.
 *
 * One queue with two marks: `acked`, below which everything is gone, and `sent`, up to which this transport has been
 * given the bytes.  A resume sets `sent` back; sending then goes on as always.  Chunks are never copied or changed.
 */
const COMPACT_AT = 1024;

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

  /** `release` is called when the chunk is held no more; an empty one counts as part of the last before it. */
  push(chunk: Uint8Array, release?: () => void): void {
    if (chunk.length === 0) return this.#also(release);
    this.#chunks.push(chunk);
    this.#releases.push(release);
    this.written += chunk.length;
  }

  /** Moves up to `limit` unsent bytes into `out`; returns how many. */
  take(limit: number, out: Uint8Array[]): number {
    let room = Math.min(limit, this.written - this.sent);
    const taken = room;
    while (room > 0) {
      const chunk = this.#chunks[this.#next];
      if (chunk === undefined) break;
      const from = this.sent - this.#nextStart;
      const length = Math.min(chunk.length - from, room);
      out.push(length === chunk.length ? chunk : chunk.subarray(from, from + length));
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

  #also(release: (() => void) | undefined): void {
    if (release === undefined) return;
    if (this.acked === this.written) return release();
    const last = this.#releases.length - 1;
    const before = this.#releases[last];
    this.#releases[last] = () => {
      before?.();
      release();
    };
  }

  clear(): void {
    this.#chunks.length = 0;
    this.#releases.length = 0;
  }
}

const EMPTY = new Uint8Array(0);
