/** What happens in a session, for any number of followers, none of whom can hold it up. */
import type { Numbered } from './wire.ts';

/** Events that wait for one follower; the oldest go first. */
const WAITING_LIMIT = 16;

interface Follower<T> {
  readonly waiting: Numbered<T>[];
  wake: () => void;
}

export class Feed<T> {
  readonly #followers = new Set<Follower<T>>();
  #seq = 0;

  get isFollowed(): boolean {
    return this.#followers.size > 0;
  }

  publish(event: T): void {
    const numbered = { seq: ++this.#seq, event };
    for (const follower of this.#followers) {
      if (follower.waiting.push(numbered) > WAITING_LIMIT) follower.waiting.shift();
      follower.wake();
    }
  }

  /** All that is published from now on, until the signal aborts; what does not wait for a slow follower is missing. */
  follow(signal: AbortSignal): AsyncIterable<Numbered<T>> {
    const follower: Follower<T> = { waiting: [], wake: () => undefined };
    this.#followers.add(follower);
    const leave = (): void => {
      this.#followers.delete(follower);
      follower.wake();
    };
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave, { once: true });
    return read(follower, signal);
  }
}

async function* read<T>(follower: Follower<T>, signal: AbortSignal): AsyncGenerator<Numbered<T>> {
  while (!signal.aborted) {
    const next = follower.waiting.shift();
    if (next !== undefined) yield next;
    else
      await new Promise<void>((resolve) => {
        follower.wake = resolve;
      });
  }
}
