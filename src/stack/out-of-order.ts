/**
 * Pieces of a flow that came before their turn: disjoint, in order of sequence number, bounded.
 *
 * The memory they came in is used again for the next batch, so they are copied; this is the rare path.
 */
import { OUT_OF_ORDER, OUT_OF_ORDER_PIECES } from './limits.ts';
import { isAfter, isAtOrAfter } from './sequence.ts';

interface Piece {
  readonly seq: number;
  readonly bytes: Uint8Array;
}

/** RFC 2018 section 3: four blocks fit when no other option is there. */
const SACK_BLOCKS = 4;

export class OutOfOrder {
  readonly #pieces: Piece[] = [];
  /** The most recently stored byte's number; its block comes first in a SACK option (RFC 2018 section 4). */
  #latest = 0;
  bytes = 0;

  /**
   * Keeps what of `bytes[offset, offset + length)` at `seq` is new.  Returns how many bytes were added; 0 also when
   * there is no room.
   */
  add(seq: number, bytes: Uint8Array, offset: number, length: number, room: number): number {
    const end = (seq + length) | 0;
    const limit = Math.min(room, OUT_OF_ORDER - this.bytes);
    let added = 0;
    let at = seq;
    let index = 0;
    while (isAfter(end, at)) {
      while (index < this.#pieces.length && isAtOrAfter(at, endOf(this.#pieces[index]))) index++;
      const next = this.#pieces[index];
      if (next !== undefined && isAtOrAfter(at, next.seq)) {
        at = endOf(next);
        continue;
      }
      const stop = next !== undefined && isAfter(end, next.seq) ? next.seq : end;
      const size = (stop - at) | 0;
      if (added + size > limit || this.#pieces.length >= OUT_OF_ORDER_PIECES) break;
      const from = offset + ((at - seq) | 0);
      this.#pieces.splice(index, 0, { seq: at, bytes: bytes.slice(from, from + size) });
      added += size;
      at = stop;
    }
    this.bytes += added;
    this.#latest = seq;
    return added;
  }

  /** Takes the first piece if it begins at or before `next` and ends after it; the part before `next` is cut off. */
  take(next: number): Uint8Array | null {
    for (let first = this.#pieces[0]; first !== undefined && isAtOrAfter(next, first.seq); first = this.#pieces[0]) {
      this.#pieces.shift();
      this.bytes -= first.bytes.length;
      const skip = (next - first.seq) | 0;
      if (skip < first.bytes.length) return first.bytes.subarray(skip);
    }
    return null;
  }

  /** Left and right edges of the blocks to report, most recent first. */
  sackEdges(): number[] {
    const blocks: [number, number][] = [];
    for (const piece of this.#pieces) {
      const last = blocks.at(-1);
      if (last !== undefined && last[1] === piece.seq) last[1] = endOf(piece);
      else blocks.push([piece.seq, endOf(piece)]);
    }
    const recent = blocks.findIndex(([left, right]) => isAtOrAfter(this.#latest, left) && isAfter(right, this.#latest));
    if (recent > 0) blocks.unshift(...blocks.splice(recent, 1));
    return blocks.slice(0, SACK_BLOCKS).flat();
  }
}

function endOf(piece: Piece): number {
  return (piece.seq + piece.bytes.length) | 0;
}
