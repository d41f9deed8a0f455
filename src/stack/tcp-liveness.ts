/** Whether the peer is still there, as far as its segments tell. */
import { EMPTY_ANSWER_INTERVAL, KEEPALIVE_IDLE } from './limits.ts';

export class TcpLiveness {
  /** Retransmissions or probes since the peer was last heard. */
  unanswered = 0;
  #heardAt = 0;
  /** When an empty segment that does not fit was last answered. */
  #answeredEmpty = -Infinity;

  heard(now: number): void {
    this.unanswered = 0;
    this.#heardAt = now;
  }

  /** When an idle peer is asked for a sign of life (RFC 9293 section 3.8.4). */
  get askedAt(): number {
    return this.#heardAt + KEEPALIVE_IDLE;
  }

  /** Two ends that each take the other's acknowledgements for strays would answer them for ever. */
  mayAnswerEmpty(now: number): boolean {
    if (now - this.#answeredEmpty < EMPTY_ANSWER_INTERVAL) return false;
    this.#answeredEmpty = now;
    return true;
  }
}
