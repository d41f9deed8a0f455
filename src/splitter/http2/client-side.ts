/**
 * The client's end of a connection that is split: what may be sent to it, and its windows (RFC 9113, section 6.9).
 *
 * The connection's window is one, and main believes that all of it is main's.  What picked streams use of it is a debt,
 * which the client's next updates pay before main hears of any: so main can never send more than fits, together.
 */
import type { Line } from '../line.ts';
import { ClientSettings } from './client-settings.ts';
import { writeWindowUpdate } from './frame.ts';
import { INITIAL_WINDOW, WRITE_AHEAD } from './limits.ts';

export class ClientSide {
  readonly line: Line;
  readonly settings = new ClientSettings();
  /** What the client's connection still takes, bytes. */
  window = INITIAL_WINDOW;
  /** Of what main believes to have, this is used up. */
  #debt = 0;
  /** Frames of our own that wait for the end of main's frame, or block. */
  #late: Buffer[] = [];
  #connectionCredit = 0;
  readonly #streamCredits = new Map<number, number>();
  /** Main is inside a frame or block that goes to the client as it comes, or has not begun. */
  readonly #isBusy: () => boolean;

  constructor(line: Line, isBusy: () => boolean) {
    this.line = line;
    this.#isBusy = isBusy;
  }

  /** More is to wait where it is. */
  get isFull(): boolean {
    return this.line.isFull || this.line.waiting > WRITE_AHEAD;
  }

  get isBusy(): boolean {
    return this.#isBusy();
  }

  get debt(): number {
    return this.#debt;
  }

  /** A frame of our own, whole. */
  put(frame: Buffer): void {
    if (this.isBusy) this.#late.push(frame);
    else this.line.put(frame);
  }

  /** DATA of a picked stream. */
  spend(bytes: number): void {
    this.window -= bytes;
    this.#debt += bytes;
  }

  /** The client's update of the connection; returns how much of it is main's. */
  refill(bytes: number): number {
    this.window += bytes;
    const paid = Math.min(bytes, this.#debt);
    this.#debt -= paid;
    return bytes - paid;
  }

  /** Main has used so much that never went to the client; returns what main is to get back beyond the debt. */
  forgive(bytes: number): number {
    const paid = Math.min(bytes, this.#debt);
    this.#debt -= paid;
    return bytes - paid;
  }

  /** The client may send so much more, on its connection or on a stream; told at the end of the turn. */
  credit(stream: number, bytes: number): void {
    if (stream === 0) this.#connectionCredit += bytes;
    else if (bytes > 0) this.#streamCredits.set(stream, (this.#streamCredits.get(stream) ?? 0) + bytes);
  }

  /** The stream is over. */
  forget(stream: number): void {
    this.#streamCredits.delete(stream);
  }

  tellCredits(): void {
    if (this.#connectionCredit > 0) this.put(writeWindowUpdate(0, this.#connectionCredit));
    this.#connectionCredit = 0;
    for (const [stream, bytes] of this.#streamCredits) this.put(writeWindowUpdate(stream, bytes));
    this.#streamCredits.clear();
  }

  /** What waited, once nothing keeps it. */
  putLate(): void {
    if (this.isBusy || this.#late.length === 0) return;
    for (const frame of this.#late.splice(0)) this.line.put(frame);
  }
}
