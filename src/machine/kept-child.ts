/** A helper process for as long as the host lives: one that is killed alone is started again. */
import type { ChildProcess } from 'node:child_process';

/** Until the next one after a death, ms; doubled from one early death to the next. */
const FIRST_PAUSE_MS = 50;
/** Something kills it each time: it is tried seldom then, so that this costs nothing. */
const LONGEST_PAUSE_MS = 30_000;
/** One that has lived so long did not die of its start, ms. */
const CALM_MS = 10_000;

export class KeptChild {
  readonly #start: () => ChildProcess;
  #child: ChildProcess | undefined;
  #timer: NodeJS.Timeout | undefined;
  #pause = FIRST_PAUSE_MS;
  #closed = false;

  /** `start` is called at once, and again after each death. */
  constructor(start: () => ChildProcess) {
    this.#start = start;
    this.#run();
  }

  /** Ends the present one by `end`, if there is one, and resolves when it is gone; no other follows. */
  async close(end: (child: ChildProcess) => void): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    const child = this.#child;
    if (child === undefined) return;
    const gone = new Promise((resolve) => child.once('close', resolve));
    end(child);
    await gone;
  }

  #run(): void {
    const child = this.#start();
    const since = performance.now();
    this.#child = child;
    const died = (): void => {
      if (this.#child !== child) return;
      this.#child = undefined;
      if (this.#closed) return;
      if (performance.now() - since > CALM_MS) this.#pause = FIRST_PAUSE_MS;
      this.#timer = setTimeout(() => this.#run(), this.#pause);
      this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE_MS);
    };
    // Without an `exit` when it could not even be started.
    child.once('exit', died).once('error', died);
  }
}
