/**
 * Openings that wait for the transport, each with what followed it.
 *
 * Nothing of them has been sent, so a flow or a question that is over before its turn is forgotten: the other end never
 * hears of it.
 */
import { FRAME_COST } from './limits.ts';

export class MuxHeld {
  /** By stream number, oldest first. */
  readonly #frames = new Map<number, Buffer[]>();
  /** Memory that is held, bytes. */
  cost = 0;

  get size(): number {
    return this.#frames.size;
  }

  has(id: number): boolean {
    return this.#frames.has(id);
  }

  add(id: number, frame: Buffer): void {
    const frames = this.#frames.get(id);
    if (frames === undefined) this.#frames.set(id, [frame]);
    else frames.push(frame);
    this.cost += frame.length + FRAME_COST;
  }

  /** Returns whether there was something to forget. */
  forget(id: number): boolean {
    for (const frame of this.#frames.get(id) ?? []) this.cost -= frame.length + FRAME_COST;
    return this.#frames.delete(id);
  }

  /** The number that has waited for longest, and its frames in order. */
  take(): readonly [number, readonly Buffer[]] | undefined {
    for (const first of this.#frames) {
      this.forget(first[0]);
      return first;
    }
    return undefined;
  }

  clear(): void {
    this.#frames.clear();
    this.cost = 0;
  }
}
