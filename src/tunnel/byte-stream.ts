/**
 * The resumable byte stream: a Duplex whose transport can be replaced.
 *
 * Offsets count the stream's bytes in each direction.  What has been written is kept until the peer acknowledges it;
 * after a loss each side tells what it has received, and sending goes on from there.  The writer is never held back
 * here: what it may have on its way is bounded by HTTP/2's connection window, which the reader grants (see
 * flight-window.ts), and that bounds the replay buffer too.
 *
 * Knows nothing of keys, dialling or HTTP/2.
 */
import { Duplex } from 'node:stream';
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

/** Node's HTTP/2 does not read while it writes; so much may wait for it before the transport is paused, bytes. */
const READ_AHEAD = 1024 * 1024;

type WriteCallback = (error?: Error | null) => void;

/** How long a farewell may take, ms. */
const FAREWELL_MS = 1_000;
const PING_LENGTH = 8;
/** Longest reason that fits a farewell, bytes. */
const REASON_LIMIT = 200;

export class ByteStream extends Duplex implements LinkOwner {
  /** Bytes received so far: what a resume tells the peer. */
  received = 0;
  /** False until the first attach: there is nothing to resume yet. */
  established = false;
  /** `window` has changed. */
  onWindow: () => void = () => {};
  readonly #events: ByteStreamEvents;
  readonly #replay = new ReplayBuffer();
  readonly #window = new FlightWindow();
  readonly #tick: () => void;
  #timer: NodeJS.Timeout | undefined;
  #doubt: NodeJS.Timeout | undefined;
  #link: Link | null = null;
  #acknowledged = 0;
  #lastPing = 0;
  #paused = false;

  constructor(events: ByteStreamEvents) {
    super({ allowHalfOpen: true, readableHighWaterMark: READ_AHEAD });
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

  /** What the other end may have on its way to us, bytes: the connection window to grant. */
  get window(): number {
    return this.#window.size;
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
    this.onWindow();
    this.#paused = false;
    link.owner = this;
    this.#timer = setInterval(this.#tick, TICK_MS);
    this.#pump();
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
      if (link.lastReceived < since && !this.#paused) this.lost('nothing came back after the network had changed');
    }, DOUBT_LIMIT_MS);
  }

  /** Drops the transport; silently. */
  detach(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#doubt);
    this.#link?.destroy();
    this.#link = null;
  }

  /** Tells the peer, in order, that there will be no resume. */
  farewell(reason: string): void {
    clearInterval(this.#timer);
    clearTimeout(this.#doubt);
    const text = Buffer.from(reason).subarray(0, REASON_LIMIT);
    this.#link?.finish(controlFrame(FRAME.close, text), FAREWELL_MS);
    this.#link = null;
  }

  data(view: Buffer): void {
    this.received += view.length;
    if (this.received - this.#acknowledged >= ACK_EVERY) this.#acknowledge();
    if (this.#window.received(performance.now(), view.length)) this.onWindow();
    if (!this.push(view)) {
      this.#paused = true;
      this.#link?.transport.pause();
    }
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

  override _read(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#link?.transport.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: WriteCallback): void {
    this.#replay.push(chunk);
    this.#pump();
    done();
  }

  override _writev(chunks: { chunk: Buffer }[], done: WriteCallback): void {
    for (const { chunk } of chunks) this.#replay.push(chunk);
    this.#pump();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.detach();
    this.#replay.clear();
    done(error);
  }

  /** Gives the transport all that it has not had. */
  #pump(): void {
    const link = this.#link;
    if (link === null) return;
    const replay = this.#replay;
    while (replay.sent < replay.written) {
      const chunks: Uint8Array[] = [];
      const length = replay.take(DATA_LIMIT, chunks);
      link.sendData(chunks, length);
    }
  }

  #acked(offset: number): void {
    if (!this.#replay.acknowledge(offset)) return this.#fail('an acknowledgement of what was never sent');
  }

  #acknowledge(): void {
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
    if (silence >= SILENCE_LIMIT_MS && !this.#paused) {
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
