/**
 * The multiplexer: flows and questions over one byte stream, at either end.
 *
 * - Short frames (open, accept, credit, answer, datagram) go at once; bytes of streams go in turn, a quantum each, and only
 *   while the byte stream has room in flight, so that no flow starves another and a new one never waits behind a bulk
 *   transfer for longer than that room.
 * - Reading is never held back: what may come in is bounded by the credit of each stream.
 * - What is written in one turn of the event loop leaves in one write (turns.ts).
 * - While the transport is away, or has long been full, openings wait here unsent (held.ts), as SYNs wait in a kernel:
 *   one that is over before its turn is forgotten.
 *
 * Either end may open; the client's numbers are odd, the agent's even.
 */
import type { ByteStream } from '../connection/byte-stream.ts';
import { MuxDatagrams } from './datagrams.ts';
import { Entries, type Entry, LOST, accepted, discard, lost, refused } from './entries.ts';
import type { DialErrno, DialOutcome } from './flow.ts';
import { MUX, MuxDecoder, type MuxSink, type MuxType, muxFrame } from './frame.ts';
import { MuxHeld } from './held.ts';
import {
  ANSWER_LIMIT,
  EXCESS_LIMIT,
  OPENINGS_AGAIN_LIMIT,
  OPENINGS_LIMIT,
  REFUSALS_LIMIT,
  STREAM_WINDOW,
  STREAM_WINDOWS_GROWTH,
} from './limits.ts';
import { MuxPings } from './pings.ts';
import { MuxStream } from './stream.ts';
import { MuxTurns } from './turns.ts';

/** More streams than STREAM_LIMIT: nothing on the far side can be had for it. */
const FULL: DialErrno = 'EADDRNOTAVAIL';
const NOTHING = new Uint8Array(0);

export interface MuxEvents {
  /**
   * The other end opens something; the number is its name until it is over.  It is taken, or declined, in the same turn.
   * `opening` is valid only during the call.  Returns false when it makes no sense.
   */
  readonly opened: (id: number, opening: Buffer) => boolean;
  /** The other end speaks something else: nothing that it sends makes sense any more. */
  readonly broken: (reason: string) => void;
}

export class Mux implements MuxSink {
  readonly #bytes: ByteStream;
  readonly #events: MuxEvents;
  readonly #decoder = new MuxDecoder(this);
  readonly #entries: Entries;
  readonly #pings = new MuxPings();
  readonly #turns: MuxTurns;
  readonly #held = new MuxHeld();
  /** Bytes by which windows have grown. */
  #growth = 0;
  #isOver = false;

  constructor(bytes: ByteStream, isClient: boolean, events: MuxEvents) {
    this.#bytes = bytes;
    this.#turns = new MuxTurns(bytes, () => this.#sendHeld());
    this.#events = events;
    this.#entries = new Entries(isClient);
    bytes.onBytes = (view) => {
      if (!this.#isOver && !this.#decoder.push(view)) this.#broken('a malformed frame');
    };
    bytes.onRoom = () => this.#turns.schedule();
  }

  /** Flows and questions that are not over. */
  get size(): number {
    return this.#entries.size;
  }

  get roundTrip(): number {
    return this.#bytes.roundTrip;
  }

  /* ---- opening ---- */

  openStream(opening: Uint8Array): { stream: MuxStream; opened: Promise<DialOutcome> } {
    const stream = new MuxStream(this.#entries.takeNumber(), this, this.#maySend ? STREAM_WINDOW : 0);
    return { stream, opened: this.#open(stream.id, { stream }, opening) };
  }

  openDatagrams(opening: Uint8Array): { datagrams: MuxDatagrams; opened: Promise<DialOutcome> } {
    const datagrams = new MuxDatagrams(this.#entries.takeNumber(), this);
    return { datagrams, opened: this.#open(datagrams.id, { datagrams }, opening) };
  }

  /** Datagrams of which no outcome is awaited: a refusal ends them.  Null when there is no room. */
  offerDatagrams(opening: Uint8Array): MuxDatagrams | null {
    if (this.#isOver || !this.#hasPlace(OPENINGS_AGAIN_LIMIT)) return null;
    const datagrams = new MuxDatagrams(this.#entries.takeNumber(), this);
    this.#entries.set(datagrams.id, { datagrams });
    this.#sendOpening(datagrams.id, opening);
    return datagrams;
  }

  /** The flow of that number, if there is one. */
  datagrams(id: number): MuxDatagrams | undefined {
    return this.#entries.get(id)?.datagrams;
  }

  /** One question, one answer; a refusal is its errno. */
  ask(question: Uint8Array, signal: AbortSignal): Promise<Buffer | DialErrno> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      if (this.#isOver) throw new Error('the tunnel is closed');
      if (!this.#hasPlace(OPENINGS_AGAIN_LIMIT)) return resolve(FULL);
      const id = this.#entries.takeNumber();
      const aborted = (): void => {
        this.#entries.delete(id);
        if (!this.#held.forget(id)) this.#sendFrame(id, MUX.reset);
        reject(signal.reason);
      };
      signal.addEventListener('abort', aborted, { once: true });
      this.#entries.set(id, {
        answered: (answer) => {
          signal.removeEventListener('abort', aborted);
          resolve(answer);
        },
      });
      this.#sendOpening(id, question);
    });
  }

  /** Round trip, ms; there is none to be measured while the transport is away. */
  async ping(): Promise<number> {
    if (this.#isOver) throw new Error('the tunnel is closed');
    if (!this.#maySend) throw new Error('the transport is away');
    return this.#pings.ping((token) => this.#sendFrame(0, MUX.ping, token));
  }

  /* ---- answering what the other end has opened ---- */

  acceptStream(id: number): MuxStream {
    const stream = new MuxStream(id, this);
    this.#entries.set(id, { stream });
    return stream;
  }

  acceptDatagrams(id: number): MuxDatagrams {
    const datagrams = new MuxDatagrams(id, this);
    this.#entries.set(id, { datagrams });
    return datagrams;
  }

  /** The signal aborts when the other end does not want the answer any more. */
  acceptQuestion(id: number): AbortSignal {
    const question = new AbortController();
    this.#entries.set(id, { question });
    return question.signal;
  }

  /** The dial has succeeded. */
  accepted(id: number): void {
    if (this.#entries.has(id)) this.#sendFrame(id, MUX.accept);
  }

  /** The dial has failed, or there is no answer. */
  refuse(id: number, errno: DialErrno): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    this.#entries.delete(id);
    this.decline(id, errno);
    discard(entry);
  }

  /** What is opened with that number is not to be had here at all. */
  decline(id: number, errno: DialErrno): void {
    this.#sendFrame(id, MUX.refuse, Buffer.from(errno));
  }

  /** An answer that is longer than any may be, or that would wait behind too many others, is none. */
  answer(id: number, body: Uint8Array): void {
    if (body.length > ANSWER_LIMIT || this.#bytes.room < -EXCESS_LIMIT) return this.refuse(id, FULL);
    if (this.#entries.delete(id)) this.#sendFrame(id, MUX.answer, body);
  }

  /** Everything is lost: every flow is told. */
  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    this.#held.clear();
    this.#turns.close();
    for (const entry of entries) lost(entry);
    this.#pings.close();
  }

  /* ---- MuxSink ---- */

  data(id: number, view: Buffer): void {
    if (this.#isOver) return;
    // Bytes of a flow that is over here were under way when it ended.
    const stream = this.#entries.get(id)?.stream;
    if (stream !== undefined && !stream.received(view)) this.#broken('more than it was granted');
  }

  frame(id: number, type: number, payload: Buffer): void {
    if (this.#isOver) return;
    switch (type) {
      case MUX.open:
        return this.#opened(id, payload);
      case MUX.ping:
        // Who asks without reading the answers gets none.
        if (this.#bytes.room >= -EXCESS_LIMIT) this.#sendFrame(0, MUX.pong, payload);
        return;
      case MUX.pong:
        return this.#pings.pong(payload);
      default: {
        const entry = this.#entries.get(id);
        if (entry !== undefined) this.#forEntry(id, entry, type, payload);
      }
    }
  }

  #forEntry(id: number, entry: Entry, type: number, payload: Buffer): void {
    switch (type) {
      case MUX.credit:
        if (payload.length === 4) entry.stream?.credited(payload.readUInt32BE(0));
        return;
      case MUX.end:
        entry.stream?.ended();
        entry.datagrams?.lost();
        return;
      case MUX.datagram:
        entry.datagrams?.received(payload);
        return;
      case MUX.accept:
        return accepted(entry);
      case MUX.answer:
        this.#entries.delete(id);
        entry.answered?.(Buffer.from(payload));
        return;
      case MUX.refuse:
        this.#entries.delete(id);
        return refused(entry, payload.toString('latin1'));
      case MUX.reset:
        this.#entries.delete(id);
        entry.stream?.wasReset();
        lost(entry);
    }
  }

  #opened(id: number, opening: Buffer): void {
    if (!this.#entries.mayBeTheirs(id)) return this.#broken('a malformed opening');
    if (this.#bytes.room < -REFUSALS_LIMIT) return this.#broken('more openings than it reads answers');
    if (this.#entries.isFull) return this.decline(id, FULL);
    if (!this.#events.opened(id, opening)) this.#broken('a malformed opening');
  }

  #broken(what: string): void {
    if (!this.#isOver) this.#events.broken(`the other end sent ${what}`);
  }

  /* ---- what streams ask for ---- */

  wantsToSend(stream: MuxStream): void {
    this.#turns.add(stream);
  }

  sendCredit(stream: MuxStream, bytes: number): void {
    const payload = Buffer.allocUnsafe(4);
    payload.writeUInt32BE(bytes, 0);
    this.#sendFrame(stream.id, MUX.credit, payload);
  }

  sendEnd(flow: { readonly id: number }): void {
    this.#sendFrame(flow.id, MUX.end);
  }

  sendReset(stream: MuxStream): void {
    this.#sendFrame(stream.id, MUX.reset);
  }

  sendRefusal(flow: MuxDatagrams, errno: DialErrno): void {
    this.#sendFrame(flow.id, MUX.refuse, Buffer.from(errno));
  }

  sendDatagram(flow: MuxDatagrams, payload: Uint8Array): boolean {
    if (this.#isOver || this.#bytes.room < -EXCESS_LIMIT) return false;
    if (this.#held.cost > OPENINGS_AGAIN_LIMIT && this.#held.has(flow.id)) return false;
    this.#sendFrame(flow.id, MUX.datagram, payload);
    return true;
  }

  whenSent(release: () => void): void {
    this.#bytes.write(NOTHING, release);
  }

  /** A window that has doubled is no larger than what is left for all others: a few cannot take everything for good. */
  mayGrow(bytes: number): boolean {
    if (2 * bytes > STREAM_WINDOWS_GROWTH - this.#growth) return false;
    this.#growth += bytes;
    return true;
  }

  finished(flow: MuxStream | MuxDatagrams): void {
    if (flow instanceof MuxStream) this.#growth -= flow.grownBy;
    this.#held.forget(flow.id);
    const entry = this.#entries.get(flow.id);
    if (entry === undefined || (entry.stream !== flow && entry.datagrams !== flow)) return;
    this.#entries.delete(flow.id);
    // A flow that ends before its dial has: nothing waits for the outcome any more, but a promise must not hang.
    entry.opened?.(LOST);
  }

  #open(id: number, entry: Entry, opening: Uint8Array): Promise<DialOutcome> {
    if (this.#isOver || !this.#hasPlace(OPENINGS_LIMIT)) {
      discard(entry);
      return Promise.resolve(this.#isOver ? LOST : { ok: false, errno: FULL });
    }
    this.#sendOpening(id, opening);
    return new Promise((resolve) => {
      entry.opened = resolve;
      this.#entries.set(id, entry);
    });
  }

  /** Whether one more may be opened, with `limit` bytes of those that wait unsent. */
  #hasPlace(limit: number): boolean {
    return !this.#entries.isFull && (this.#maySend || this.#held.cost < limit);
  }

  /** Short frames can go, on top of what may be in flight. */
  get #maySend(): boolean {
    return this.#bytes.connected && this.#bytes.room >= -EXCESS_LIMIT;
  }

  #sendOpening(id: number, opening: Uint8Array): void {
    if (this.#maySend) this.#sendFrame(id, MUX.open, opening);
    else this.#held.add(id, muxFrame(id, MUX.open, opening));
  }

  #sendHeld(): void {
    while (this.#maySend) {
      const held = this.#held.take();
      if (held === undefined) return;
      const [id, frames] = held;
      for (const frame of frames) this.#bytes.write(frame);
      this.#entries.get(id)?.stream?.credited(STREAM_WINDOW);
    }
  }

  #sendFrame(id: number, type: MuxType, payload?: Uint8Array): void {
    if (this.#isOver) return;
    const frame = muxFrame(id, type, payload);
    if (this.#held.has(id)) return this.#held.add(id, frame);
    this.#bytes.write(frame);
    this.#turns.schedule();
  }
}
