/** A program's SYNs while its dial goes on.  Who gives up says nothing, so they are its heartbeat. */
import { SYN_PATIENCE } from './limits.ts';

export class TcpDial {
  /** When the first SYN came. */
  readonly since: number;
  #last: number;
  /** Between the last two, ms. */
  #interval = 0;

  constructor(now: number) {
    this.since = now;
    this.#last = now;
  }

  again(now: number): void {
    this.#interval = now - this.#last;
    this.#last = now;
  }

  /** When the program has given up if no other SYN comes until then. */
  get deadline(): number {
    return this.#last + 2 * this.#interval + SYN_PATIENCE;
  }
}
