/** The retransmission time-out, RFC 6298: one timed segment at a time, none that was sent twice (Karn). */
import { RTO_INITIAL, RTO_MAX } from './limits.ts';
import { isAtOrAfter } from './sequence.ts';

/** ms; smaller variations are below the clock of the stack's owner. */
const GRANULARITY = 1;

export class RoundTrip {
  /** ms; -1: not known yet. */
  #smoothed = -1;
  #variation = 0;
  /** When the timed segment was sent, -1: none is being timed; and the acknowledgement that ends it. */
  #startedAt = -1;
  #endsAt = 0;
  /** Doublings of the time-out since the last new acknowledgement. */
  backoff = 0;

  start(now: number, ack: number): void {
    if (this.#startedAt >= 0) return;
    this.#startedAt = now;
    this.#endsAt = ack;
  }

  /** Something was sent again: the answer would be ambiguous. */
  cancel(): void {
    this.#startedAt = -1;
  }

  acknowledged(now: number, ack: number): void {
    this.backoff = 0;
    if (this.#startedAt < 0 || !isAtOrAfter(ack, this.#endsAt)) return;
    const sample = now - this.#startedAt;
    this.#startedAt = -1;
    if (this.#smoothed < 0) {
      this.#smoothed = sample;
      this.#variation = sample / 2;
      return;
    }
    this.#variation += (Math.abs(this.#smoothed - sample) - this.#variation) / 4;
    this.#smoothed += (sample - this.#smoothed) / 8;
  }

  /** ms, at least `minimum`, with the present backoff. */
  timeout(minimum: number): number {
    const base = this.#smoothed < 0 ? RTO_INITIAL : this.#smoothed + Math.max(GRANULARITY, 4 * this.#variation);
    return Math.min(RTO_MAX, Math.max(minimum, base) * 2 ** this.backoff);
  }
}
