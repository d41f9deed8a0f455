/**
 * How many bytes may be in flight: sent, and not yet acknowledged.
 *
 * A transport such as a chain of WebSocket proxies swallows tens of megabytes before it pushes back, and every byte
 * that waits there delays all flows.  So no more is sent ahead than twice what the path carries in one round trip
 * (the fastest delivery of the last seconds, times the shortest round trip of this transport), between two fixed bounds.
 * Twice, so that a faster path shows itself: while the window is what limits, the measured rate, and with it the window,
 * doubles every round trip.  The shortest round trip is kept for the transport's life: measured under load, any later one
 * would contain our own queue and feed on itself.
 *
 * Pure: times come in as milliseconds of one clock.
 */
import { WINDOW_MAX, WINDOW_MIN } from './limits.ts';

/** A delivery rate counts for one to two of these, ms. */
const RATE_MEMORY_MS = 5_000;
/** Shortest time over which a rate is taken, ms: less would measure single reads. */
const SAMPLE_MS = 5;

export class FlightWindow {
  /** Bytes. */
  size = WINDOW_MIN;
  #roundTrip = Number.POSITIVE_INFINITY;
  /** Fastest deliveries of the current and the previous period, bytes per ms. */
  #fastest = 0;
  #fastestBefore = 0;
  #periodStart = 0;
  /** The sample under way. */
  #sampleStart = 0;
  #sampleBytes = 0;

  /** A new transport: nothing is known of its path but this round trip, ms. */
  reset(roundTripMs: number): void {
    this.size = WINDOW_MIN;
    this.#roundTrip = roundTripMs;
    this.#fastest = 0;
    this.#fastestBefore = 0;
    this.#sampleStart = 0;
    this.#sampleBytes = 0;
  }

  /** A measured round trip, ms. */
  roundTrip(ms: number): void {
    if (ms < this.#roundTrip) this.#roundTrip = ms;
  }

  /** Shortest round trip, ms; Infinity before the first. */
  get shortest(): number {
    return this.#roundTrip;
  }

  /** Bytes have been acknowledged. */
  delivered(now: number, bytes: number): void {
    const elapsed = now - this.#sampleStart;
    const span = Math.max(this.#roundTrip, SAMPLE_MS);
    if (elapsed < span) {
      this.#sampleBytes += bytes;
      return;
    }
    // What lies behind a pause says nothing about the path.
    const rate = elapsed < 2 * span ? this.#sampleBytes / elapsed : 0;
    this.#sampleStart = now;
    this.#sampleBytes = bytes;
    if (now - this.#periodStart > RATE_MEMORY_MS) {
      this.#fastestBefore = this.#fastest;
      this.#fastest = 0;
      this.#periodStart = now;
    }
    this.#fastest = Math.max(this.#fastest, rate);
    const product = 2 * Math.max(this.#fastest, this.#fastestBefore) * this.#roundTrip;
    this.size = Math.floor(Math.min(Math.max(product, WINDOW_MIN), WINDOW_MAX));
  }
}
