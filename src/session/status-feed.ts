/** The status, live: at once when the state has changed, and every second; only while somebody looks. */
import type { SessionStatus } from '../control/answers.ts';
import { Feed } from '../control/feed.ts';
import type { Numbered } from '../control/wire.ts';

/** Between two looks, ms: counts move all the time. */
const PERIOD_MS = 1_000;

export class StatusFeed {
  readonly #read: () => Promise<SessionStatus>;
  readonly #feed = new Feed<SessionStatus>();
  #isRunning = false;
  #isDue = false;
  #wake: () => void = () => undefined;

  constructor(read: () => Promise<SessionStatus>) {
    this.#read = read;
  }

  /** Begins with the status of now, and goes on until the signal aborts. */
  follow(signal: AbortSignal): AsyncIterable<Numbered<SessionStatus>> {
    const events = this.#feed.follow(signal);
    this.changed();
    if (!this.#isRunning) void this.#run();
    return events;
  }

  /** The state is another one now. */
  changed(): void {
    this.#isDue = true;
    this.#wake();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (this.#feed.isFollowed) {
      this.#isDue = false;
      this.#feed.publish(await this.#read());
      if (!this.#isDue) await this.#pause();
    }
    this.#isRunning = false;
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, PERIOD_MS).unref();
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
