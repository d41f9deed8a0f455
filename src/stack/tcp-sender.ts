/**
 * The sending half of one TCP connection: what is on its way, what may go, what must go again.
 *
 * There is no congestion window: the path is a queue in this machine, and the peer's receive window bounds it.  A loss
 * is repaired hole by hole (NewReno, RFC 6582): its round trip takes microseconds here, so one hole per round trip is
 * fast, and what the peer holds already is not sent twice.
 */
import { TCP_FLAG, lowestSackEdge, type TcpView } from '../packet/index.ts';
import { BLACK_HOLE_TIMEOUTS, DUPLICATE_ACKS, RTO_MIN, RTO_MIN_PROMPT } from './limits.ts';
import { RoundTrip } from './round-trip.ts';
import { SendQueue } from './send-queue.ts';
import { isAfter, isAtOrAfter } from './sequence.ts';

const FIN = TCP_FLAG.fin;

export class TcpSender {
  readonly queue = new SendQueue();
  readonly roundTrip = new RoundTrip();
  /** SND.UNA, SND.NXT */
  unacknowledged: number;
  next: number;
  /** SND.WND in bytes, and the largest there ever was (RFC 9293 section 3.8.6.2.1, RFC 5961 section 5.2). */
  window = 0;
  windowMax = 0;
  #windowSeq = 0;
  #windowAck = 0;
  /** Scale of the peer's window field. */
  shift = 0;
  mss = 0;
  /** Everything up to here must be acknowledged before recovery from a loss is over. */
  #recover: number;
  isRecovering = false;
  /** The peer is known to miss something: it answers whatever fills the hole at once. */
  #isHoleCertain = false;
  #duplicates = 0;
  /** Where the hole at `unacknowledged` ends, as far as the peer said (SACK). */
  holeEnd: number | null = null;
  isFinQueued = false;
  isFinSent = false;

  constructor(initial: number) {
    this.unacknowledged = initial;
    this.next = initial;
    this.#recover = initial;
  }

  /** Data, SYN and FIN that are on their way, as a span of sequence numbers. */
  get outstanding(): number {
    return (this.next - this.unacknowledged) | 0;
  }

  /** There is data, or a FIN, that was never sent. */
  get hasUnsent(): boolean {
    return this.queue.unsent > 0 || (this.isFinQueued && !this.isFinSent);
  }

  /**
   * How many bytes the next segment may carry: as the windows allow, whole segments where more is waiting, and no
   * silly little ones (RFC 9293 section 3.8.6.2.1) unless `force`, when the override time is over.
   */
  sendable(segmentMax: number, force: boolean): number {
    const unsent = this.queue.unsent;
    const usable = Math.min(this.window - this.outstanding, segmentMax);
    if (usable >= unsent) return unsent;
    if (usable <= 0) return 0;
    const whole = usable - (usable % this.mss);
    if (whole > 0) return whole;
    return force || usable * 2 >= this.windowMax ? usable : 0;
  }

  /** How many bytes, from `unacknowledged` on, are to be sent again at once. */
  resendable(segmentMax: number): number {
    const end = this.holeEnd ?? this.#recover;
    const hole = isAfter(end, this.unacknowledged) ? (end - this.unacknowledged) | 0 : this.mss;
    return Math.min(this.queue.inFlight, segmentMax, hole);
  }

  markSent(now: number, length: number, isFin: boolean): void {
    this.queue.markSent(length);
    this.next = (this.next + length + (isFin ? 1 : 0)) | 0;
    if (isFin) this.isFinSent = true;
    this.roundTrip.start(now, this.next);
  }

  /** RFC 5961 section 5.2; what lies outside deserves a challenge. */
  isAckAcceptable(ack: number): boolean {
    const distance = (ack - this.unacknowledged) | 0;
    return distance <= this.outstanding && distance >= -Math.max(this.windowMax, 1);
  }

  /**
   * What a segment with an acceptable acknowledgement says: what has arrived, the window, where a hole ends.  Returns
   * whether the first hole must be sent again at once.
   */
  hear(now: number, bytes: Uint8Array, view: TcpView, isSackPermitted: boolean): boolean {
    const { seq, ack } = view;
    const windowBefore = this.window;
    // Only from a segment that is newer than the one which set it last (RFC 9293 section 3.10.7.4).
    const isNewer = isAfter(seq, this.#windowSeq) || (seq === this.#windowSeq && isAtOrAfter(ack, this.#windowAck));
    if (isNewer) this.setWindow(seq, ack, view.window << this.shift);
    this.holeEnd = isSackPermitted && view.optionsLength > 0 ? lowestSackEdge(bytes, view, ack) : null;
    const acked = (ack - this.unacknowledged) | 0;
    if (acked > 0) return this.#acknowledge(now, ack, acked);
    return (
      acked === 0 &&
      view.payloadLength === 0 &&
      this.outstanding > 0 &&
      (this.window === windowBefore || this.holeEnd !== null) &&
      (view.flags & FIN) === 0 &&
      this.#duplicate()
    );
  }

  setWindow(seq: number, ack: number, window: number): void {
    this.window = window;
    this.windowMax = Math.max(this.windowMax, window);
    this.#windowSeq = seq;
    this.#windowAck = ack;
  }

  /**
   * New data is acknowledged.  Returns whether the hole that is now first must be sent again (a partial
   * acknowledgement, RFC 6582 section 3.2 step 3).
   */
  #acknowledge(now: number, ack: number, acked: number): boolean {
    this.queue.acknowledge(Math.min(acked, this.queue.inFlight));
    this.unacknowledged = ack;
    this.roundTrip.acknowledged(now, ack);
    this.#duplicates = 0;
    if (isAtOrAfter(ack, this.#recover)) this.isRecovering = false;
    this.#isHoleCertain = this.isRecovering;
    return this.isRecovering && this.outstanding > 0;
  }

  /** A duplicate acknowledgement; returns whether it is the one that tells of a loss (RFC 5681 section 3.2). */
  #duplicate(): boolean {
    if (++this.#duplicates !== DUPLICATE_ACKS || this.isRecovering) return false;
    if (!isAfter(this.unacknowledged, this.#recover)) return false;
    this.#isHoleCertain = true;
    this.#recoverFrom();
    return true;
  }

  /** The retransmission time-out has come. */
  timedOut(): void {
    this.roundTrip.backoff++;
    this.holeEnd = null;
    this.#recoverFrom();
  }

  /** A full segment is among what does not arrive, however often it is sent. */
  get mayBeTooLong(): boolean {
    return this.roundTrip.backoff >= BLACK_HOLE_TIMEOUTS && this.queue.inFlight >= this.mss;
  }

  /** ms until the next time-out, from now. */
  get timeout(): number {
    const isPrompt = this.#isHoleCertain || this.outstanding >= 2 * this.mss;
    return this.roundTrip.timeout(isPrompt ? RTO_MIN_PROMPT : RTO_MIN);
  }

  #recoverFrom(): void {
    this.isRecovering = true;
    this.#recover = this.next;
    this.#duplicates = 0;
    this.roundTrip.cancel();
  }
}
