/** How many flows the agent serves at once: one descriptor each, and one more for each program's UDP socket. */
export class Places {
  readonly #limit: number;
  #taken = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** False: there is none left. */
  take(): boolean {
    if (this.#taken >= this.#limit) return false;
    this.#taken++;
    return true;
  }

  leave(): void {
    this.#taken--;
  }
}
