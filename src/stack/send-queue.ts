/**
 * Bytes on their way to a program, from the first unacknowledged one on, kept as the chunks in which they came.
 *
 * The chunks stand in one array that the device gathers from as it is.  Acknowledged chunks are replaced by an empty
 * one at once (so that their memory goes), and cut off in bulk.
 */
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
  /** What is held, chunk overhead included. */
  cost = 0;

  push(chunk: Uint8Array): void {
    this.chunks.push(chunk);
    this.unsent += chunk.length;
    this.cost += chunk.length + CHUNK_COST;
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
      const size = this.chunks[this.headIndex].length;
      rest -= size;
      this.cost -= size + CHUNK_COST;
      this.chunks[this.headIndex++] = EMPTY;
    }
    this.headOffset = rest;
    if (this.headIndex === this.chunks.length) this.#cut(this.headIndex);
    else if (this.headIndex >= CUT_AT && this.headIndex * 2 > this.chunks.length) this.#cut(this.headIndex);
    return before - this.cost;
  }

  #cut(count: number): void {
    if (count === this.chunks.length) this.chunks.length = 0;
    else this.chunks.splice(0, count);
    this.headIndex -= count;
    this.sendIndex -= count;
  }
}
