/**
 * Bytes on their way to a program, from the first unacknowledged one on, copied into blocks of the process's pool.
 *
 * The blocks stand in one array that the device gathers from as it is; all but the last are full.  Acknowledged ones go
 * back to the pool at once, and are cut off in bulk.
 */
import { BLOCK_BYTES, SMALL_BYTES, blocks } from '../block-pool.ts';
import { CHUNK_COST } from './limits.ts';

const EMPTY = new Uint8Array(0);
/** Cutting the array's head costs a move of the rest; done once the head is this long, and longer than the rest. */
const CUT_AT = 64;

export class SendQueue {
  /** With `sendIndex` and `sendOffset`, or `headIndex` and `headOffset`, as `TunDevice.send` wants them. */
  readonly chunks: Uint8Array[] = [];
  /** Where the first unacknowledged byte is. */
  headIndex = 0;
  headOffset = 0;
  /** Where the first byte is that was never sent. */
  sendIndex = 0;
  sendOffset = 0;
  /** Bytes sent and not acknowledged. */
  inFlight = 0;
  unsent = 0;
  /** Memory that is held, chunk overhead included. */
  cost = 0;
  /** What still fits into the last chunk. */
  #room = 0;

  /** Copies `bytes`. */
  push(bytes: Uint8Array): void {
    this.unsent += bytes.length;
    let at = Math.min(this.#room, bytes.length);
    if (at > 0) {
      const tail = this.chunks[this.chunks.length - 1];
      tail.set(at === bytes.length ? bytes : bytes.subarray(0, at), tail.length - this.#room);
      this.#room -= at;
    }
    while (at < bytes.length) {
      const rest = at === 0 ? bytes : bytes.subarray(at);
      at += this.#append(rest);
    }
  }

  /** The next `length` unsent bytes are on their way. */
  markSent(length: number): void {
    this.unsent -= length;
    this.inFlight += length;
    let rest = length + this.sendOffset;
    while (rest > 0 && rest >= this.chunks[this.sendIndex].length) rest -= this.chunks[this.sendIndex++].length;
    this.sendOffset = rest;
  }

  /** The first `length` bytes are acknowledged; at most `inFlight`.  Returns by how much `cost` fell. */
  acknowledge(length: number): number {
    const before = this.cost;
    this.inFlight -= length;
    let rest = length + this.headOffset;
    while (rest > 0 && rest >= this.chunks[this.headIndex].length) {
      rest -= this.chunks[this.headIndex].length;
      this.#give(this.headIndex++);
    }
    this.headOffset = rest;
    if (this.inFlight === 0 && this.unsent === 0) this.clear();
    else if (this.headIndex >= CUT_AT && this.headIndex * 2 > this.chunks.length) this.#cut();
    return before - this.cost;
  }

  /** Forgets everything. */
  clear(): void {
    while (this.headIndex < this.chunks.length) this.#give(this.headIndex++);
    this.chunks.length = 0;
    this.headIndex = 0;
    this.headOffset = 0;
    this.sendIndex = 0;
    this.sendOffset = 0;
    this.inFlight = 0;
    this.unsent = 0;
    this.#room = 0;
  }

  /** Starts a new chunk with the beginning of `bytes`; returns how many it took. */
  #append(bytes: Uint8Array): number {
    const isSmall = bytes.length <= SMALL_BYTES;
    // Where much waits already, more is to come.
    const chunk = isSmall ? Buffer.from(bytes) : blocks.take(Math.min(Math.max(bytes.length, this.cost), BLOCK_BYTES));
    const length = Math.min(bytes.length, chunk.length);
    if (!isSmall) chunk.set(length === bytes.length ? bytes : bytes.subarray(0, length));
    this.chunks.push(chunk);
    this.cost += chunk.length + CHUNK_COST;
    this.#room = chunk.length - length;
    return length;
  }

  #give(index: number): void {
    const chunk = this.chunks[index];
    this.cost -= chunk.length + CHUNK_COST;
    this.chunks[index] = EMPTY;
    blocks.release(chunk);
  }

  #cut(): void {
    const count = this.headIndex;
    this.chunks.splice(0, count);
    this.headIndex = 0;
    this.sendIndex -= count;
  }
}
