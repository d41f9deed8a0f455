/**
 * One TCP connection, from the program's SYN on: RFC 9293's state machine for the side that listens.
 *
 * Input changes state and calls the handler; data, FIN and ordinary acknowledgements leave in `output`, once per turn.
 * What must not wait leaves at once: RST, challenge and duplicate acknowledgements, retransmissions.
 */
import { TCP_FLAG, type TcpOptions, type TcpView } from '../packet/index.ts';
import type { Refusal, TcpFlow, TcpFlowEvents } from './flow.ts';
import type { Tuple } from './flow-table.ts';
import * as limits from './limits.ts';
import { isAfter } from './sequence.ts';
import { TcpDial } from './tcp-dial.ts';
import { TcpTableEntry } from './tcp-table-entry.ts';
import type { TcpOwner } from './tcp-owner.ts';
import { TcpLiveness } from './tcp-liveness.ts';
import { TcpReceiver } from './tcp-receiver.ts';
import { TcpSegments } from './tcp-segments.ts';
import { TcpSender } from './tcp-sender.ts';
import { isDialing, isOver, isReceiving, whenFinReceived, whenFinSent, type TcpState } from './tcp-state.ts';

const { fin: FIN, syn: SYN, rst: RST, ack: ACK } = TCP_FLAG;

export class TcpConnection extends TcpTableEntry<TcpConnection> implements TcpFlow {
  state: TcpState = 'held';
  onAbandoned: () => void = ignore;
  readonly #layer: TcpOwner<TcpConnection>;
  readonly #receiver: TcpReceiver;
  readonly #sender: TcpSender;
  readonly #segments: TcpSegments;
  readonly #dial: TcpDial;
  readonly #liveness = new TcpLiveness();
  #events: TcpFlowEvents | null = null;
  #wantsDrain = false;
  /** The handler has reset the flow; an RST follows what is still to be sent. */
  #isResetQueued = false;
  /** In the layer's list of flows that have something to send. */
  #isDirty = false;

  constructor(layer: TcpOwner<TcpConnection>, tuple: Tuple, syn: TcpView, options: TcpOptions, initial: number) {
    super(tuple);
    this.#layer = layer;
    this.#dial = new TcpDial(layer.now);
    this.#receiver = new TcpReceiver((syn.seq + 1) | 0);
    this.#sender = new TcpSender(initial);
    this.#segments = new TcpSegments(layer.writer, tuple, this.#sender, this.#receiver, options);
    // The window of a SYN is never scaled (RFC 7323 section 2.2).
    this.#sender.setWindow(syn.seq, initial, syn.window);
    layer.deadlines.set(this, this.#dial.deadline);
  }

  /** When the SYN came. */
  get since(): number {
    return this.#dial.since;
  }

  /* ---- what the layer above asks ---- */

  accept(events: TcpFlowEvents, window: number): void {
    if (this.state !== 'held') return;
    this.#events = events;
    this.state = 'syn-received';
    this.#receiver.resize(window);
    this.#sender.next = (this.#sender.unacknowledged + 1) | 0;
    this.#sender.roundTrip.start(this.#layer.now, this.#sender.next);
    this.#segments.synAck();
    this.#armRetransmission();
  }

  refuse(reason: Refusal): void {
    if (this.state !== 'held') return;
    if (reason === 'timeout') {
      this.state = 'silent';
      return;
    }
    if (reason === 'refused') this.#sendReset();
    else this.#layer.unreachable(this.tuple, reason, (this.#receiver.next - 1) | 0);
    this.#remove();
  }

  consumed(bytes: number): void {
    this.#receiver.consumed(bytes);
    this.#updateWindow();
  }

  resize(window: number): void {
    this.#receiver.resize(window);
    this.#updateWindow();
  }

  send(chunk: Uint8Array): boolean {
    if (this.state === 'closed' || this.#sender.isFinQueued) return true;
    const queue = this.#sender.queue;
    if (chunk.length > 0) {
      const before = queue.cost;
      queue.push(chunk);
      this.#layer.hold(queue.cost - before);
      this.#markDirty();
    }
    this.#wantsDrain = queue.cost > this.#layer.sendMark;
    return !this.#wantsDrain;
  }

  end(): void {
    if (this.state === 'closed') return;
    this.#sender.isFinQueued = true;
    this.#markDirty();
  }

  reset(): void {
    if (this.state === 'closed') return;
    if (this.#sender.queue.unsent === 0) return this.#resetNow();
    this.#events = null;
    this.#isResetQueued = true;
    this.#markDirty();
  }

  /* ---- what comes from the program ---- */

  /** One segment of this flow; `bytes` is valid only during the call. */
  input(bytes: Uint8Array, view: TcpView): void {
    const { seq, flags, payloadLength } = view;
    if (isDialing(this.state)) {
      this.#heldInput(seq, flags);
      return;
    }
    if ((flags & RST) !== 0) {
      this.#resetInput(seq);
      return;
    }
    if ((flags & SYN) !== 0) {
      // Our SYN-ACK was lost, or the SYN is not of this connection (RFC 5961 section 4).
      if (this.state === 'syn-received' && ((seq + 1) | 0) === this.#receiver.next) this.#segments.synAck();
      else this.#challenge();
      return;
    }
    if (!this.#receiver.isAcceptable(seq, payloadLength + (flags & FIN))) {
      // Also the answer to keepalive and zero-window probes.
      if (this.state === 'time-wait') this.#layer.enterTimeWait(this);
      if (payloadLength > 0 || (flags & FIN) !== 0 || this.#liveness.mayAnswerEmpty(this.#layer.now))
        this.#segments.ack();
      return;
    }
    if ((flags & ACK) === 0) return;
    if (!this.#acknowledge(bytes, view)) return;
    if (payloadLength > 0) this.#dataInput(bytes, view);
    if (isOver(this.state)) return;
    if ((flags & FIN) !== 0) this.#finInput((seq + payloadLength) | 0);
  }

  /** A router had no room for the segment at `seq`.  Believed when that is on its way (RFC 5927 section 4.1). */
  tooBig(seq: number, mtu: number): void {
    const sender = this.#sender;
    const { writer, now } = this.#layer;
    const { mss } = sender;
    const distance = (seq - sender.unacknowledged) | 0;
    if (distance < 0 || distance >= sender.queue.inFlight) return;
    writer.paths.narrow(this.tuple.addresses, mtu, now);
    this.#segments.fitPath();
    if (sender.mss === mss) return;
    sender.timedOut();
    this.#resend();
  }

  /** A new SYN for the same four-tuple may take the place of this connection (RFC 9293 section 3.6.1, RFC 6191). */
  yieldsTo(seq: number): boolean {
    if (isDialing(this.state)) return ((seq + 1) | 0) !== this.#receiver.next;
    return this.state === 'time-wait' && isAfter(seq, this.#receiver.next);
  }

  /** Gives the flow up without a word to the program; the handler is told. */
  abandon(): void {
    const wasDialing = this.state === 'held';
    const events = this.#events;
    this.#remove();
    if (wasDialing) this.onAbandoned();
    else events?.reset();
  }

  /** Ends the flow for both sides: the program gets an RST, the handler is told. */
  terminate(): void {
    this.#sendReset();
    this.abandon();
  }

  #heldInput(seq: number, flags: number): void {
    if ((flags & RST) !== 0) {
      if (seq === this.#receiver.next) this.abandon();
    } else if ((flags & SYN) !== 0) {
      this.#dial.again(this.#layer.now);
      this.#layer.deadlines.set(this, this.#dial.deadline);
    }
  }

  /** RFC 5961 section 3.2. */
  #resetInput(seq: number): void {
    if (seq === this.#receiver.next) this.abandon();
    else if (this.#receiver.isAcceptable(seq, 1)) this.#challenge();
  }

  /** Returns whether the rest of the segment is to be looked at. */
  #acknowledge(bytes: Uint8Array, view: TcpView): boolean {
    const sender = this.#sender;
    const ack = view.ack;
    if (this.state === 'syn-received') {
      if (ack !== sender.next) {
        this.#segments.reset(ack, RST);
        return false;
      }
      this.state = 'established';
      this.#layer.handshakeEnded(this);
    } else if (!sender.isAckAcceptable(ack)) {
      this.#challenge();
      return false;
    }
    const { now } = this.#layer;
    this.#liveness.heard(now);
    const { unacknowledged } = sender;
    const { cost } = sender.queue;
    const mustResend = sender.hear(now, bytes, view, this.#segments.isSackPermitted);
    if (sender.unacknowledged !== unacknowledged) {
      this.#layer.hold(sender.queue.cost - cost);
      this.#segments.arrived(now);
      if (sender.outstanding === 0) this.#layer.deadlines.set(this, this.#liveness.askedAt);
      else this.#armRetransmission();
      if (sender.isFinSent && sender.outstanding === 0) this.#finAcknowledged();
      this.#drainIfRoom();
    }
    if (mustResend && !isOver(this.state)) this.#resend();
    if (sender.hasUnsent) this.#markDirty();
    return !isOver(this.state);
  }

  #drainIfRoom(): void {
    if (!this.#wantsDrain || isOver(this.state) || this.#sender.queue.cost > this.#layer.sendMark / 2) return;
    this.#wantsDrain = false;
    this.#events?.drain();
  }

  #finAcknowledged(): void {
    if (this.state === 'fin-wait-1') this.state = 'fin-wait-2';
    else if (this.state === 'closing') this.#timeWait();
    else if (this.state === 'last-ack') this.#finish();
  }

  #dataInput(bytes: Uint8Array, view: TcpView): void {
    if (!isReceiving(this.state)) return;
    if (this.#isResetQueued) {
      // Nothing takes these bytes, and a writer must not wait until they are read.
      this.#sendQueued(false);
      return this.#resetNow();
    }
    const receiver = this.#receiver;
    const kept = receiver.kept;
    let chunk = receiver.take(bytes, view, this.#layer.outOfOrderRoom);
    // A hole is told at once and for each segment behind it: the sender counts them (RFC 5681 section 4.2).
    if (isAfter(view.seq, receiver.next)) this.#segments.ack();
    else this.#ackSoon();
    for (; chunk !== null; chunk = isOver(this.state) ? null : receiver.takeKept()) {
      receiver.delivered(chunk.length);
      this.#layer.counters.bytesUp += chunk.length;
      this.#events?.data(chunk);
    }
    this.#layer.holdOutOfOrder(receiver.kept - kept);
    if (receiver.isFinNext) this.#finInput(receiver.next);
  }

  #finInput(seq: number): void {
    const receiver = this.#receiver;
    if (!isReceiving(this.state)) return;
    receiver.noteFin(seq);
    this.#ackSoon();
    if (!receiver.isFinNext) return;
    receiver.next = (receiver.next + 1) | 0;
    const events = this.#events;
    this.state = whenFinReceived(this.state);
    events?.end();
    if (this.state === 'fin-wait-2') this.#timeWait();
  }

  /* ---- what leaves ---- */

  /** Everything that has gathered in this turn: data and FIN as the windows allow, else the acknowledgement. */
  output(): void {
    this.#isDirty = false;
    if (this.state === 'closed' || isDialing(this.state)) return;
    if (this.state !== 'syn-received') this.#sendQueued(false);
    if (this.#isResetQueued && this.#sender.queue.unsent === 0) return this.#resetNow();
    if (this.#segments.isAckDue) this.#segments.ack();
  }

  #sendQueued(force: boolean): void {
    const sender = this.#sender;
    const queue = sender.queue;
    const { now } = this.#layer;
    const wasIdle = sender.outstanding === 0;
    const before = queue.unsent;
    this.#segments.unsent(now, force);
    this.#layer.counters.bytesDown += before - queue.unsent;
    if (sender.isFinSent) this.state = whenFinSent(this.state);
    if (wasIdle && sender.outstanding > 0) {
      // Whatever the persist timer had grown to, this is new data.
      if (!force) sender.roundTrip.backoff = 0;
      this.#armRetransmission();
    } else if (queue.unsent > 0 && this.deadline > now + limits.RTO_MAX) {
      // The persist timer: the window is closed, and nothing that is on its way will open it.
      this.#armRetransmission();
    }
  }

  #resend(): void {
    this.#segments.again();
    this.#armRetransmission();
  }

  override expire(): void {
    const sender = this.#sender;
    if (isDialing(this.state)) return this.abandon();
    if (this.state === 'time-wait') return this.#remove();
    if (sender.outstanding === 0 && sender.queue.unsent === 0) return this.#keepAlive();
    if (++this.#liveness.unanswered > limits.RETRANSMISSIONS) return this.terminate();
    if (sender.outstanding === 0) {
      // The window is closed (RFC 9293 section 3.8.6.1).
      sender.roundTrip.backoff++;
      this.#sendQueued(true);
      if (sender.outstanding === 0) this.#segments.probe();
    } else {
      sender.timedOut();
      if (this.state === 'syn-received') this.#segments.synAck();
      else {
        if (sender.mayBeTooLong) this.#segments.tryNarrower();
        this.#resend();
      }
    }
    this.#armRetransmission();
  }

  /** RFC 9293 section 3.8.4: who has vanished without a word (a container, with its network) is given up one day. */
  #keepAlive(): void {
    if (this.#layer.now < this.#liveness.askedAt) {
      this.#layer.deadlines.set(this, this.#liveness.askedAt);
    } else if (++this.#liveness.unanswered > limits.KEEPALIVE_PROBES) {
      this.terminate();
    } else {
      this.#segments.probe();
      this.#layer.deadlines.set(this, this.#layer.now + limits.KEEPALIVE_INTERVAL);
    }
  }

  #armRetransmission(): void {
    this.#layer.deadlines.set(this, this.#layer.now + this.#sender.timeout);
  }

  #resetNow(): void {
    this.#sendReset();
    this.#remove();
  }

  #sendReset(): void {
    if (this.state === 'time-wait') return;
    // RFC 9293 section 3.10.7.1: in answer to a SYN the number is 0.
    this.#segments.reset(isDialing(this.state) ? 0 : this.#sender.next, RST | ACK);
  }

  #challenge(): void {
    if (this.#liveness.mayAnswerEmpty(this.#layer.now) && this.#layer.mayChallenge()) this.#segments.ack();
  }

  /* ---- state ---- */

  #updateWindow(): void {
    if (isReceiving(this.state) && this.#receiver.isUpdateDue) this.#ackSoon();
  }

  #ackSoon(): void {
    this.#segments.isAckDue = true;
    this.#markDirty();
  }

  #markDirty(): void {
    if (this.#isDirty) return;
    this.#isDirty = true;
    this.#layer.wantsOutput(this);
  }

  /** Both directions have ended; the last acknowledgement may have to be repeated. */
  #timeWait(): void {
    this.state = 'time-wait';
    const events = this.#events;
    this.#events = null;
    this.#segments.ack();
    this.#layer.enterTimeWait(this);
    events?.closed();
  }

  #finish(): void {
    const events = this.#events;
    this.#remove();
    events?.closed();
  }

  #remove(): void {
    this.state = 'closed';
    this.#events = null;
    this.#layer.hold(-this.#sender.queue.cost);
    this.#sender.queue.clear();
    this.#layer.holdOutOfOrder(-this.#receiver.kept);
    this.#layer.removed(this);
  }
}

function ignore(): void {
  // There is no callback to call.
}
