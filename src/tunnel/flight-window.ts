/**
 * How many bytes may be on their way unacknowledged.
 *
 * A transport such as a chain of WebSocket proxies swallows tens of megabytes before it pushes back, and every byte
 * that waits there delays all flows.  So the sender holds back by itself: twice what the path can carry in one round
 * trip (the fastest delivery of the last seconds, times the shortest round trip of this transport), between two fixed
 * bounds.  Twice, because acknowledgements come in steps and so that a faster path shows itself: while the window is
 * what limits, the measured rate, and with it the window, doubles every round trip.  The shortest round trip is kept
 * for the transport's life: measured under load, any later one would contain our own queue and feed on itself.
 *
 * Pure: times come in as milliseconds of one clock.
 */
import { WINDOW_MAX, WINDOW_MIN } from './limits.ts';

/** A delivery rate counts for one to two of these, ms. */
const RATE_MEMORY_MS = 5_000;

export class FlightWindow {
  /** Bytes. */
  size = WINDOW_MIN;
  #roundTrip = Number.POSITIVE_INFINITY;
  /** Fastest deliveries of the current and the previous period, bytes per ms. */
  #fastest = 0;
  #fastestBefore = 0;
  #periodStart = 0;
  /** The sample under way: when it began, what was acknowledged then, and which offset ends it. */
  #sampleStart = 0;
  #sampleFrom = 0;
  #sampleTo = -1;

  /** A new transport: nothing is known of its path. */
  reset(): void {
    this.size = WINDOW_MIN;
    this.#roundTrip = Number.POSITIVE_INFINITY;
    this.#fastest = 0;
    this.#fastestBefore = 0;
    this.#sampleTo = -1;
  }

  /** A measured round trip, ms. */
  roundTrip(ms: number): void {
    if (ms < this.#roundTrip) this.#roundTrip = ms;
  }

  /** Shortest round trip, ms; Infinity before the first. */
  get shortest(): number {
    return this.#roundTrip;
  }

  /** Bytes up to `offset` have been handed to the transport while `acked` was acknowledged. */
  sent(now: number, offset: number, acked: number): void {
    if (this.#sampleTo >= 0) return;
    this.#sampleStart = now;
    this.#sampleFrom = acked;
    this.#sampleTo = offset;
  }

  acknowledged(now: number, offset: number): void {
    if (this.#sampleTo < 0 || offset < this.#sampleTo) return;
    const elapsed = now - this.#sampleStart;
    this.#sampleTo = -1;
    if (elapsed <= 0) return;
    if (now - this.#periodStart > RATE_MEMORY_MS) {
      this.#fastestBefore = this.#fastest;
      this.#fastest = 0;
      this.#periodStart = now;
    }
    this.#fastest = Math.max(this.#fastest, (offset - this.#sampleFrom) / elapsed);
    if (this.#roundTrip === Number.POSITIVE_INFINITY) return;
    const product = 2 * Math.max(this.#fastest, this.#fastestBefore) * this.#roundTrip;
    this.size = Math.floor(Math.min(Math.max(product, WINDOW_MIN), WINDOW_MAX));
  }
}
