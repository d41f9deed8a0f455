/**
 * The resumable byte stream: bytes in order, both ways, over a transport that can be replaced.
 *
 * Offsets count the stream's bytes in each direction.  What has been written is kept until the peer acknowledges it;
 * after a loss each side tells what it has received, and sending goes on from there.  `room` says how much more may be
 * in flight (see flight-window.ts): the writer heeds it for bulk, and may exceed it by short messages.  Reading is never
 * held back here; what may arrive is bounded by the layer above.
 *
 * Knows nothing of keys, dialling or what the bytes mean.
 */
import { FlightWindow } from './flight-window.ts';
import { FRAME, OFFSET_LENGTH, ackFrame, controlFrame } from './frame.ts';
import { ACK_EVERY, DATA_LIMIT, DOUBT_LIMIT_MS, PING_IDLE_MS, SILENCE_LIMIT_MS, TICK_MS } from './limits.ts';
import type { Link, LinkOwner } from './link.ts';
import { ReplayBuffer } from './replay-buffer.ts';

export interface ByteStreamEvents {
  /** The transport is gone; the stream waits for `attach`. */
  lost(reason: string): void;
  /** The peer ended the session in order. */
  closed(reason: string): void;
}

/** How long a farewell may take, ms: a kubelet passes on some of the hang-ups only after a second (seen). */
const FAREWELL_MS = 2_000;
const PING_LENGTH = 8;
/** Longest reason that fits a farewell, bytes. */
const REASON_LIMIT = 200;

export class ByteStream implements LinkOwner {
  /** Bytes received so far: what a resume tells the peer. */
  received = 0;
  /** False until the first attach: there is nothing to resume yet. */
  established = false;
  /** Bytes of the peer, in order; the view is valid only during the call. */
  onBytes: (view: Buffer) => void = () => {};
  /** There is room again. */
  onRoom: () => void = () => {};
  readonly #events: ByteStreamEvents;
  readonly #replay = new ReplayBuffer();
  readonly #window = new FlightWindow();
  readonly #tick: () => void;
  #timer: NodeJS.Timeout | undefined;
  #doubt: NodeJS.Timeout | undefined;
  #link: Link | null = null;
  #acknowledged = 0;
  /** An acknowledgement leaves with the turn's bytes, or alone when there are none. */
  #isAckDue = false;
  readonly #turnEnds = (): void => {
    if (this.#isAckDue) this.#acknowledge();
  };
  #lastPing = 0;
  #destroyed = false;

  constructor(events: ByteStreamEvents) {
    this.#events = events;
    this.#tick = () => this.#keepHouse();
  }

  get connected(): boolean {
    return this.#link !== null;
  }

  /** Shortest round trip seen on this transport, ms. */
  get roundTrip(): number {
    return this.#window.shortest;
  }

  /** Bytes that may be written on top of what is in flight; negative when there is more than should be. */
  get room(): number {
    return this.#window.size - (this.#replay.written - this.#replay.acked);
  }

  /** Whether a peer can have received up to `offset`, with what follows still at hand. */
  resumesAt(offset: number): boolean {
    return offset >= this.#replay.acked && offset <= this.#replay.sent;
  }

  /**
   * Goes on over `link`, whose peer has received up to `peerReceived`; a transport still in use is dropped.  Returns
   * false, changing nothing, when the peer's offset is none that it could have.
   */
  attach(link: Link, peerReceived: number, roundTripMs: number): boolean {
    if (!this.resumesAt(peerReceived)) return false;
    this.detach();
    this.#replay.rewind(peerReceived);
    this.#link = link;
    this.#acknowledged = this.received;
    this.established = true;
    this.#window.reset(roundTripMs);
    link.owner = this;
    this.#timer = setInterval(this.#tick, TICK_MS);
    this.flush();
    this.onRoom();
    return true;
  }

  /** The path may have changed: a transport that shows no sign of life soon is dropped. */
  doubt(): void {
    const link = this.#link;
    if (link === null) return;
    const since = performance.now();
    this.#ping(link, since);
    clearTimeout(this.#doubt);
    this.#doubt = setTimeout(() => {
      if (link.lastReceived < since) this.lost('nothing came back after the network had changed');
    }, DOUBT_LIMIT_MS);
  }

  /** Drops the transport; silently. */
  detach(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#doubt);
    this.#link?.destroy();
    this.#link = null;
  }

  /** Tells the peer, in order, that there will be no resume; resolves when it has hung up, or after FAREWELL_MS. */
  async farewell(reason: string): Promise<boolean> {
    clearInterval(this.#timer);
    clearTimeout(this.#doubt);
    const text = Buffer.from(reason).subarray(0, REASON_LIMIT);
    const link = this.#link;
    this.#link = null;
    return (await link?.finish(controlFrame(FRAME.close, text), FAREWELL_MS)) ?? false;
  }

  data(view: Buffer): void {
    this.received += view.length;
    if (this.received - this.#acknowledged >= ACK_EVERY && !this.#isAckDue) {
      this.#isAckDue = true;
      setImmediate(this.#turnEnds);
    }
    this.onBytes(view);
  }

  control(type: number, payload: Buffer): void {
    switch (type) {
      case FRAME.ack:
        if (payload.length !== OFFSET_LENGTH) return this.#fail('a malformed acknowledgement');
        return this.#acked(payload.readUIntBE(0, OFFSET_LENGTH));
      case FRAME.ping:
        this.#link?.send(controlFrame(FRAME.pong, payload));
        return;
      case FRAME.pong:
        if (payload.length !== PING_LENGTH) return this.#fail('a malformed answer to a ping');
        return this.#window.roundTrip(Math.max(performance.now() - payload.readDoubleBE(0), 0));
      case FRAME.close:
        this.detach();
        return this.#events.closed(payload.toString());
      default:
        this.#fail('an unknown frame');
    }
  }

  malformed(): void {
    this.#fail('a frame that is too long');
  }

  lost(reason: string): void {
    this.detach();
    this.#events.lost(reason);
  }

  /**
   * Queues bytes, by reference unless they are few; `release` is called when they, and all before them, have arrived and their memory is free
   * again.  It is not called when the stream is destroyed before: a last transport may still be reading them.
   */
  write(chunk: Uint8Array, release?: () => void): void {
    if (!this.#destroyed) this.#replay.push(chunk, release);
  }

  /** No resume, no farewell: the stream is of no use any more. */
  destroy(): void {
    this.detach();
    this.#destroyed = true;
    this.#replay.clear();
  }

  /** Gives the transport all that it has not had. */
  flush(): void {
    const link = this.#link;
    if (link === null) return;
    const replay = this.#replay;
    if (replay.sent === replay.written) return;
    link.transport.cork();
    if (this.#isAckDue) this.#acknowledge();
    while (replay.sent < replay.written) {
      const chunks: Uint8Array[] = [];
      const length = replay.take(DATA_LIMIT, chunks);
      link.sendData(chunks, length);
    }
    link.transport.uncork();
  }

  #acked(offset: number): void {
    const before = this.#replay.acked;
    if (!this.#replay.acknowledge(offset)) return this.#fail('an acknowledgement of what was never sent');
    this.#window.delivered(performance.now(), offset - before);
    if (this.room > 0) this.onRoom();
  }

  #acknowledge(): void {
    this.#isAckDue = false;
    this.#acknowledged = this.received;
    this.#link?.send(ackFrame(this.received));
  }

  #fail(what: string): void {
    this.lost(`the peer sent ${what}`);
  }

  #keepHouse(): void {
    const link = this.#link;
    if (link === null) return;
    if (this.received !== this.#acknowledged) this.#acknowledge();
    const now = performance.now();
    const silence = now - link.lastReceived;
    // The next look would come too late.
    if (silence > SILENCE_LIMIT_MS - TICK_MS) {
      return this.lost(`nothing arrived for ${SILENCE_LIMIT_MS / 1000} s`);
    }
    if (silence >= PING_IDLE_MS && now - this.#lastPing >= PING_IDLE_MS) this.#ping(link, now);
  }

  #ping(link: Link, now: number): void {
    this.#lastPing = now;
    const ping = Buffer.allocUnsafe(PING_LENGTH);
    ping.writeDoubleBE(now);
    link.send(controlFrame(FRAME.ping, ping));
  }
}
