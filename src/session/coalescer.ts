/**
 * Runs an asynchronous `apply` for the newest value only: while one run is under way, newer values replace each other.
 *
 * Desired state has no history: what matters is that the last wish is the one in force in the end.
 */
export class Coalescer<Wish, Result> {
  readonly #apply: (wish: Wish) => Promise<Result>;
  #running: Promise<Result> | undefined;
  #next: Promise<Result> | undefined;
  #wish: Wish | undefined;

  constructor(apply: (wish: Wish) => Promise<Result>) {
    this.#apply = apply;
  }

  /** Resolves when `wish`, or a newer one that replaced it, is in force. */
  set(wish: Wish): Promise<Result> {
    this.#wish = wish;
    // Asked first: between the end of one run and the start of the next nothing is running.
    if (this.#next !== undefined) return this.#next;
    if (this.#running === undefined) return this.#start();
    const startNext = (): Promise<Result> => this.#startNext();
    this.#next = this.#running.then(startNext, startNext);
    return this.#next;
  }

  #startNext(): Promise<Result> {
    this.#next = undefined;
    return this.#start();
  }

  #start(): Promise<Result> {
    const run = this.#apply(this.#wish as Wish).finally(() => {
      if (this.#running === run) this.#running = undefined;
    });
    this.#running = run;
    return run;
  }
}
