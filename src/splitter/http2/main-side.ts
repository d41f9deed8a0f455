/**
 * Main: until the first request is picked, frames pass as they are, and only what has to be known from the first byte on
 * is noted.  Afterwards its frames go through a queue (main-queue.ts), and blocks for it are encoded again.
 */
import type { Line } from '../line.ts';
import type { ClientSide } from './client-side.ts';
import { Http2Error } from './error.ts';
import { FLAG, has, readSettings, readWord, TYPE, writeBlock, writeReset, writeWindowUpdate } from './frame.ts';
import type { Frame } from './frame.ts';
import { FrameReader } from './frame-reader.ts';
import type { Block } from './hpack/block.ts';
import { MainQueue } from './main-queue.ts';

/** Which ends of a stream are done. */
const CLIENT_DONE = 1;
const MAIN_DONE = 2;
const BOTH_DONE = CLIENT_DONE | MAIN_DONE;

/** The last stream of a GOAWAY frame stands first in its payload. */
const LAST_STREAM_MASK = 0x7fffffff;

export interface MainEvents {
  /** It takes frames and header tables of this size. */
  setting(id: number, value: number): void;
  /** The client hears that its SETTINGS count. */
  acknowledged(): void;
}

export class MainSide {
  readonly line: Line;
  readonly reader = new FrameReader();
  /** The highest stream that it still takes (GOAWAY). */
  limit = Infinity;
  /** Frames of a stream have come since the last PING that went there. */
  hasSpoken = true;
  readonly #client: ClientSide;
  readonly #events: MainEvents;
  readonly #queue: MainQueue;
  readonly #open = new Map<number, number>();
  #isSplit = false;
  /** Its SETTINGS have gone to the client. */
  #hasBegun = false;
  /** The client has the beginning of a header block. */
  #isInBlock = false;
  /** The client has the header of a DATA frame whose payload is still coming. */
  #isInData = false;
  /** The next block for it must announce that no table is used. */
  #owesSize = true;
  /** The highest stream that is not its own. */
  #highestPicked = 0;

  constructor(line: Line, client: ClientSide, events: MainEvents) {
    this.line = line;
    this.#client = client;
    this.#events = events;
    this.#queue = new MainQueue(client, (frame) => this.#deliver(frame));
  }

  /** Nothing but its own frames may go to the client now. */
  get isBusy(): boolean {
    return !this.#hasBegun || this.#isInBlock || this.#isInData;
  }

  get queued(): number {
    return this.#queue.bytes;
  }

  get isDelivered(): boolean {
    return this.#queue.isEmpty;
  }

  /** From here on frames are not all its own. */
  split(): void {
    this.#isSplit = true;
    this.reader.holdsPadded = true;
  }

  picked(stream: number): void {
    this.#highestPicked = stream;
  }

  /* ---- from the client ---- */

  opened(stream: number, isEnd: boolean): void {
    this.#open.set(stream, isEnd ? CLIENT_DONE : 0);
  }

  clientDone(stream: number): void {
    this.#done(stream, CLIENT_DONE);
  }

  clientReset(stream: number): void {
    this.#open.delete(stream);
  }

  /** Its SETTINGS have been acknowledged: its decoder's table may be another one now. */
  settingsCount(): void {
    this.#owesSize = true;
  }

  putBlock(stream: number, block: Block, isEnd: boolean, priority: Buffer | null): void {
    this.line.put(writeBlock({ stream, block, isEnd, priority, sizes: this.#owesSize ? [0] : [] }));
    this.#owesSize = false;
  }

  /* ---- to the client ---- */

  /** Throws an `Http2Error`, once there are frames of others that it would disturb. */
  receive(frame: Frame): void {
    this.#note(frame);
    if (!this.#isSplit || (this.#isInData && frame.type === TYPE.DATA)) this.#pass(frame);
    else if (isOrdered(frame.type)) this.#queue.push(frame);
    else this.#client.put(frame.bytes.subarray(frame.start, frame.to));
  }

  pump(): boolean {
    return this.#queue.pump();
  }

  /** Frames to the client for the streams that it will not finish. */
  abandon(): readonly Buffer[] {
    const streams = [...this.#open.keys()].filter((stream) => stream % 2 === 1);
    this.#open.clear();
    return streams.map((stream) => writeReset(stream, 'INTERNAL_ERROR'));
  }

  /** What counts when it comes, wherever the frame waits afterwards. */
  #note(frame: Frame): void {
    switch (frame.type) {
      case TYPE.DATA:
      case TYPE.HEADERS:
        this.hasSpoken = true;
        if (has(frame, FLAG.END_STREAM) && frame.extent !== 'head') this.#done(frame.stream, MAIN_DONE);
        break;
      case TYPE.SETTINGS:
        if (!has(frame, FLAG.ACK)) readSettings(frame, (id, value) => this.#events.setting(id, value));
        break;
      case TYPE.RST_STREAM:
        this.#open.delete(frame.stream);
        if (this.#isSplit) this.#dropQueued(frame.stream);
        break;
      case TYPE.GOAWAY:
        if (this.#isSplit && readWord(frame) === null) throw new Http2Error('FRAME_SIZE_ERROR', 'a short GOAWAY');
    }
  }

  #dropQueued(stream: number): void {
    const back = this.#client.forgive(this.#queue.drop(stream));
    if (back > 0) this.line.put(writeWindowUpdate(0, back));
  }

  /** As it is.  DATA counts by its header; its pieces are raw to the end, also when the split comes in between. */
  #pass(frame: Frame): void {
    if (frame.type === TYPE.DATA) {
      if (frame.extent === 'head' || frame.extent === 'whole') this.#client.window -= frame.length;
      this.#isInData = frame.extent === 'head' || frame.extent === 'piece';
      this.#client.line.put(frame.bytes, frame.start, frame.to);
    } else this.#deliver(frame);
  }

  #deliver(frame: Frame): void {
    const { bytes, start, to } = frame;
    switch (frame.type) {
      case TYPE.HEADERS:
      case TYPE.PUSH_PROMISE:
      case TYPE.CONTINUATION:
        this.#client.settings.tablesTold();
        this.#isInBlock = !has(frame, FLAG.END_HEADERS);
        break;
      case TYPE.SETTINGS:
        this.#hasBegun = true;
        if (has(frame, FLAG.ACK)) this.#events.acknowledged();
        break;
      case TYPE.GOAWAY:
        return this.#client.line.put(this.#goaway(frame));
    }
    this.#client.line.put(bytes, start, to);
  }

  /** The client must not take picked streams for ones that were never processed. */
  #goaway(frame: Frame): Buffer {
    const last = (readWord(frame) ?? 0) & LAST_STREAM_MASK;
    this.limit = Math.max(last, this.#highestPicked);
    const copy = Buffer.from(frame.bytes.subarray(frame.start, frame.to));
    if (this.limit === last) return copy;
    copy.writeUInt32BE(this.limit, frame.from - frame.start);
    const refused: Buffer[] = [];
    for (const stream of this.#open.keys()) {
      if (stream % 2 === 0 || stream <= last || stream > this.limit) continue;
      refused.push(writeReset(stream, 'REFUSED_STREAM'));
      this.#open.delete(stream);
    }
    return Buffer.concat([...refused, copy]);
  }

  #done(stream: number, end: number): void {
    const state = this.#open.get(stream);
    if (state === undefined) return;
    if ((state | end) === BOTH_DONE) this.#open.delete(stream);
    else this.#open.set(stream, state | end);
  }
}

/** PING and WINDOW_UPDATE may overtake, and frames of unknown types. */
function isOrdered(type: number): boolean {
  switch (type) {
    case TYPE.DATA:
    case TYPE.HEADERS:
    case TYPE.RST_STREAM:
    case TYPE.SETTINGS:
    case TYPE.PUSH_PROMISE:
    case TYPE.GOAWAY:
    case TYPE.CONTINUATION:
      return true;
    default:
      return false;
  }
}
