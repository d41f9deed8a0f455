/**
 * The receiving half of one TCP connection: what came, what may come.
 *
 * The window is credit, reflected from the layer above: `window` bytes may be delivered and not yet `consumed`.  The
 * right edge of the window never moves back (RFC 9293 section 3.8.6.2.1): what was once offered is taken.
 */
import { sackOption, type TcpView } from '../packet/index.ts';
import { WINDOW_SHIFT } from './limits.ts';
import { OutOfOrder } from './out-of-order.ts';
import { isAfter, isAtOrAfter } from './sequence.ts';

const NO_OPTIONS = new Uint8Array(0);
const WINDOW_FIELD_MAX = 0xffff;
/** Less than this could not be told in the steps of a scaled window field without closing the window. */
const WINDOW_MIN = 4 << WINDOW_SHIFT;
/** An update is worth a packet when the window grows by a quarter; RFC 9293 section 3.8.6.2.2 asks for no more. */
const UPDATE_FRACTION = 1 / 4;

export class TcpReceiver {
  /** RCV.NXT */
  next: number;
  /** Scale of the window field, once the handshake is over. */
  shift = 0;
  /** Number of the peer's FIN, once seen. */
  finAt: number | null = null;
  #outOfOrder: OutOfOrder | null = null;
  #window = 0;
  /** Delivered, not consumed. */
  #pending = 0;
  /** Right edge that the peer has been told. */
  #advertised: number;

  constructor(next: number) {
    this.next = next;
    this.#advertised = next;
  }

  /** More than the field can say is never offered. */
  resize(window: number): void {
    this.#window = Math.min(Math.max(window, WINDOW_MIN), WINDOW_FIELD_MAX << this.shift);
  }

  /** `length` more bytes were handed to the layer above. */
  delivered(length: number): void {
    this.next = (this.next + length) | 0;
    this.#pending += length;
  }

  consumed(length: number): void {
    this.#pending = Math.max(0, this.#pending - length);
  }

  /** Bytes that may come from `next` on. */
  get room(): number {
    const credit = this.#window - this.#pending;
    return Math.max(credit, (this.#advertised - this.next) | 0);
  }

  /** The window field of a segment that is about to leave; `shift` is 0 in a SYN-ACK. */
  advertise(shift: number): number {
    const unit = 1 << shift;
    let field = Math.min(WINDOW_FIELD_MAX, Math.max(0, this.room) >> shift);
    // Where the field's steps do not fit, rather beyond the edge than back (RFC 7323 section 2.4), within bounds.
    const isShort = isAfter(this.#advertised, (this.next + field * unit) | 0);
    if (isShort && field < WINDOW_FIELD_MAX && this.#pending <= 2 * this.#window) field++;
    const edge = (this.next + field * unit) | 0;
    if (isAfter(edge, this.#advertised)) this.#advertised = edge;
    return field;
  }

  /** Whether the window has opened by enough to tell, without other cause for a packet. */
  get isUpdateDue(): boolean {
    const offered = (this.#advertised - this.next) | 0;
    return this.room - offered >= this.#window * UPDATE_FRACTION;
  }

  /**
   * RFC 9293 section 3.10.7.4, first check; a segment that starts where we wait is always looked at.  An empty one may
   * stand at the right edge: from there acknowledges who has filled the window, even when its first bytes were lost.
   */
  isAcceptable(seq: number, length: number): boolean {
    const start = (seq - this.next) | 0;
    if (start === 0) return true;
    if (length === 0) return start > 0 && start <= this.room;
    return start < this.room && start + length > 0;
  }

  /**
   * The part of a segment's payload that is next and fits, or null: there is none, or it has come before its turn and is
   * kept, where all flows together have `room` for it.
   */
  take(bytes: Uint8Array, view: TcpView, room: number): Uint8Array | null {
    const skip = isAtOrAfter(view.seq, this.next) ? 0 : (this.next - view.seq) | 0;
    const start = view.payload + skip;
    const ahead = (view.seq + skip - this.next) | 0;
    const length = Math.min(view.payloadLength - skip, this.room - ahead);
    if (length <= 0) return null;
    if (ahead === 0) return bytes.subarray(start, start + length);
    this.#outOfOrder ??= new OutOfOrder();
    this.#outOfOrder.add((view.seq + skip) | 0, bytes, start, length, room);
    return null;
  }

  /** What was kept and is next now. */
  takeKept(): Uint8Array | null {
    return this.kept === 0 ? null : this.#outOfOrder!.take(this.next);
  }

  /** Bytes that wait for others before them. */
  get kept(): number {
    return this.#outOfOrder === null ? 0 : this.#outOfOrder.bytes;
  }

  /** The peer's FIN is at `seq`; a second, different one is ignored. */
  noteFin(seq: number): void {
    this.finAt ??= seq;
  }

  /** Whether all data before the FIN is here, and the FIN is next. */
  get isFinNext(): boolean {
    return this.finAt !== null && this.finAt === this.next;
  }

  /** RFC 2018: what is held out of order, for an acknowledgement. */
  sackOptions(): Uint8Array {
    return this.kept === 0 ? NO_OPTIONS : sackOption(this.#outOfOrder!.sackEdges());
  }
}
