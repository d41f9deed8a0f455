/** Uncaught exceptions: a few are survived, many end the agent. */
import { DEFECT_LIMIT, DEFECT_WINDOW_MS } from './limits.ts';

export class Defects {
  /** When the latest happened, ms; at most DEFECT_LIMIT of them. */
  readonly #times: number[] = [];

  /** Counts one at `now`, ms.  Returns `10 defects within 3 s` once they are too many, else null. */
  count(now: number): string | null {
    this.#times.push(now);
    while (now - (this.#times[0] ?? now) > DEFECT_WINDOW_MS) this.#times.shift();
    if (this.#times.length < DEFECT_LIMIT) return null;
    const seconds = Math.max(1, Math.ceil((now - (this.#times[0] ?? now)) / 1_000));
    return `${this.#times.length} defects within ${seconds} s`;
  }
}
