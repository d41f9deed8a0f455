/** Work that touches the same things, one piece after another, in the order in which it was given. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Resolves or rejects as the work does; a failure is its caller's alone, and the next piece starts all the same. */
  take<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => {});
    return turn;
  }

  /** Resolves when all that was given so far has ended, however it ended. */
  async idle(): Promise<void> {
    await this.#last;
  }
}

/** Resolves when all have ended; one that failed keeps no other from ending, and is thrown then. */
export async function whenAll(works: readonly Promise<unknown>[]): Promise<void> {
  for (const result of await Promise.allSettled(works)) if (result.status === 'rejected') throw result.reason;
}
