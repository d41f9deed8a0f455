/** How many flows the agent serves at once: one descriptor each, and one more for each program's UDP socket. */
export class Places {
  readonly #limit: number;
  #taken = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** False: there are no longer so many left. */
  take(count = 1): boolean {
    if (this.#taken + count > this.#limit) return false;
    this.#taken += count;
    return true;
  }

  leave(count = 1): void {
    this.#taken -= count;
  }
}
