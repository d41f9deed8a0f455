/**
 * One connection to the picked side, on which we are the client (RFC 9113).  Streams keep the numbers that they have with
 * the client: they are odd and ascend, as they must.
 */
import { Line } from '../line.ts';
import type { BytePipe } from '../pipe.ts';
import { BlockReader } from './block-reader.ts';
import { Http2Error } from './error.ts';
import {
  FLAG,
  has,
  PREFACE,
  readSettings,
  readWord,
  SETTING,
  SETTINGS_ACK,
  TYPE,
  unpad,
  writeBlock,
  writeFrame,
  writeHeader,
  writeReset,
  writeSettings,
  writeWindowUpdate,
} from './frame.ts';
import type { Frame } from './frame.ts';
import { FrameReader } from './frame-reader.ts';
import type { Block } from './hpack/block.ts';
import { Decoder } from './hpack/decoder.ts';
import { INITIAL_WINDOW, MAX_FRAME_SIZE, PICKED_WINDOW, WRITE_AHEAD } from './limits.ts';
import type { PickedStream } from './picked-stream.ts';

const WORD_MASK = 0x7fffffff;

/**
 * `dialling`, `greeting` until its SETTINGS have come, `open`; `leaving` after its GOAWAY: what is open goes on, nothing
 * new; `gone`.
 */
type Phase = 'dialling' | 'greeting' | 'open' | 'leaving' | 'gone';

export interface ConnectionEvents {
  /** Something has come, or can go: a turn of the whole. */
  turn(): void;
  /** GOAWAY: these it has not looked at. */
  returned(streams: readonly PickedStream[]): void;
  gone(): void;
}

export class PickedConnection {
  /** Its window for all uploads together. */
  window = INITIAL_WINDOW;
  maxFrameSize = MAX_FRAME_SIZE;
  readonly #events: ConnectionEvents;
  readonly #reader = new FrameReader();
  readonly #blocks = new BlockReader();
  readonly #decoder = new Decoder();
  #line: Line | null = null;
  #phase: Phase = 'dialling';
  /** Streams that wait for SETTINGS, or for others to end. */
  readonly #pending = new Set<PickedStream>();
  readonly #open = new Map<number, PickedStream>();
  #maxStreams = Infinity;
  #initialWindow = INITIAL_WINDOW;
  /** What it has been told about its own first window on a stream. */
  #toldWindow: number;
  /** The next block must announce that no table is used. */
  #owesSize = true;
  #credit = 0;

  /** `initialWindow`: what the client takes of an answer at first. */
  constructor(dialled: Promise<BytePipe>, initialWindow: number, events: ConnectionEvents) {
    this.#events = events;
    this.#toldWindow = initialWindow;
    this.#reader.maxLength = MAX_FRAME_SIZE;
    this.#reader.holdsPadded = true;
    dialled.then(
      (pipe) => this.#dialled(pipe),
      (error: unknown) => {
        this.#die(error instanceof Error ? error.message : String(error));
        events.turn();
      },
    );
  }

  get takesStreams(): boolean {
    return this.#phase !== 'leaving' && this.#phase !== 'gone';
  }

  get isFull(): boolean {
    return this.#line === null || this.#line.isFull || this.#line.waiting > WRITE_AHEAD;
  }

  add(stream: PickedStream): void {
    stream.connection = this;
    this.#pending.add(stream);
    this.#openPending();
  }

  /** The client's INITIAL_WINDOW_SIZE is another one now. */
  tell(initialWindow: number): void {
    if (initialWindow === this.#toldWindow || this.#phase === 'gone') return;
    this.#toldWindow = initialWindow;
    this.#line?.put(writeSettings([[SETTING.INITIAL_WINDOW_SIZE, initialWindow]]));
  }

  putBlock(stream: number, block: Block, isEnd: boolean): void {
    this.#line?.put(writeBlock({ stream, block, isEnd, sizes: this.#owesSize ? [0] : [] }));
    this.#owesSize = false;
  }

  putData(stream: number, bytes: Buffer, from: number, to: number, isEnd: boolean): void {
    this.#line?.put(writeHeader(to - from, TYPE.DATA, isEnd ? FLAG.END_STREAM : 0, stream));
    if (to > from) this.#line?.put(bytes, from, to);
    this.window -= to - from;
  }

  /** It may send so much more on a stream. */
  refill(stream: number, bytes: number): void {
    this.#line?.put(writeWindowUpdate(stream, bytes));
  }

  /** The client has taken so much of what came from here. */
  taken(bytes: number): void {
    this.#credit += bytes;
    if (this.#credit < PICKED_WINDOW / 4 || this.#phase === 'gone') return;
    this.#line?.put(writeWindowUpdate(0, this.#credit));
    this.#credit = 0;
  }

  reset(stream: PickedStream, code: number): void {
    if (this.#open.has(stream.id)) this.#line?.put(writeReset(stream.id, code));
    this.closed(stream);
  }

  /** The stream does not use it any more. */
  closed(stream: PickedStream): void {
    stream.isOpen = false;
    this.#pending.delete(stream);
    if (this.#open.delete(stream.id)) this.#openPending();
  }

  /** What waits goes out, and it is read as fast as the client reads. */
  flush(isClientFull: boolean): void {
    const line = this.#line;
    if (line === null || this.#phase === 'gone') return;
    line.flush();
    // Its PINGs are answered, so it may not send more than it reads.
    line.flow(!isClientFull && !line.isFull);
  }

  /** After the line has drained. */
  pump(): void {
    this.#openPending();
    for (const stream of this.#open.values()) stream.pumpUp();
  }

  close(): void {
    if (this.#phase === 'gone') return;
    this.#phase = 'gone';
    this.#line?.pipe.reset();
  }

  #dialled(pipe: BytePipe): void {
    if (this.#phase === 'gone') return pipe.reset();
    this.#phase = 'greeting';
    const line = new Line(pipe);
    this.#line = line;
    line.put(PREFACE);
    line.put(
      writeSettings([
        [SETTING.ENABLE_PUSH, 0],
        [SETTING.INITIAL_WINDOW_SIZE, this.#toldWindow],
      ]),
    );
    line.put(writeWindowUpdate(0, PICKED_WINDOW - INITIAL_WINDOW));
    pipe.onData = (bytes) => this.#read(bytes);
    pipe.onDrain = () => {
      line.isFull = false;
      this.pump();
      this.#events.turn();
    };
    pipe.onEnd = () => this.#lost();
    pipe.onReset = () => this.#lost();
    this.#events.turn();
  }

  #lost(): void {
    this.#die('the connection was closed');
    this.#events.turn();
  }

  #read(bytes: Buffer): void {
    this.#reader.feed(bytes);
    try {
      for (let frame = this.#reader.next(); frame !== null; frame = this.#reader.next()) this.#receive(frame);
    } catch (error) {
      if (!(error instanceof Http2Error)) throw error;
      this.#die(`what came back is not HTTP/2: ${error.message}`);
    }
    this.#events.turn();
  }

  #die(reason: string): void {
    if (this.#phase === 'gone') return;
    this.close();
    this.#events.gone();
    const streams = [...this.#open.values(), ...this.#pending];
    this.#open.clear();
    this.#pending.clear();
    for (const stream of streams) stream.fail(reason);
  }

  #openPending(): void {
    for (const stream of this.#pending) {
      if (this.#phase !== 'open' || this.#open.size >= this.#maxStreams || this.isFull) return;
      this.#pending.delete(stream);
      this.#open.set(stream.id, stream);
      this.putBlock(stream.id, stream.head, stream.isHeadOnly);
      stream.opened(this.#initialWindow);
    }
  }

  #receive(frame: Frame): void {
    const isFirst = this.#phase === 'greeting';
    if (isFirst && (frame.type !== TYPE.SETTINGS || has(frame, FLAG.ACK)))
      throw new Http2Error('PROTOCOL_ERROR', 'it does not begin with SETTINGS');
    if (this.#blocks.isInside || frame.type === TYPE.HEADERS || frame.type === TYPE.CONTINUATION)
      return this.#receiveBlock(frame);
    switch (frame.type) {
      case TYPE.DATA:
        return this.#receiveData(frame);
      case TYPE.RST_STREAM:
        return this.#receiveReset(frame);
      case TYPE.SETTINGS:
        if (has(frame, FLAG.ACK)) return;
        this.#receiveSettings(frame);
        if (isFirst) this.#phase = 'open';
        return this.pump();
      case TYPE.PUSH_PROMISE:
        throw new Http2Error('PROTOCOL_ERROR', 'it pushes');
      case TYPE.PING:
        if (!has(frame, FLAG.ACK))
          this.#line?.put(writeFrame(TYPE.PING, FLAG.ACK, 0, frame.bytes.subarray(frame.from, frame.to)));
        return;
      case TYPE.WINDOW_UPDATE:
        return this.#receiveUpdate(frame);
      case TYPE.GOAWAY:
        return this.#receiveGoaway(frame);
    }
  }

  #receiveBlock(frame: Frame): void {
    const raw = this.#blocks.add(frame);
    if (raw === null) return;
    // Also of streams that are over: the table goes on.
    const block = this.#decoder.decode(raw.bytes);
    this.#answering(raw.stream)?.answer(block, raw.isEnd);
  }

  #receiveData(frame: Frame): void {
    if (frame.extent === 'head') return;
    const stream = this.#answering(frame.stream);
    if (stream === null) return this.taken(frame.to - frame.from);
    const { from, to } = unpad(frame);
    const padding = frame.to - frame.from - (to - from);
    if (padding > 0) {
      this.taken(padding);
      this.refill(frame.stream, padding);
    }
    stream.data(frame.bytes, from, to, has(frame, FLAG.END_STREAM));
  }

  #receiveReset(frame: Frame): void {
    const code = readWord(frame);
    if (code === null) throw new Http2Error('FRAME_SIZE_ERROR', 'a short RST_STREAM');
    const stream = this.#open.get(frame.stream);
    if (stream === undefined) return;
    this.closed(stream);
    stream.wasReset(code);
  }

  #receiveSettings(frame: Frame): void {
    // First: it counts what follows by the new windows.
    this.#line?.put(SETTINGS_ACK);
    readSettings(frame, (id, value) => {
      if (id === SETTING.HEADER_TABLE_SIZE) this.#owesSize = true;
      else if (id === SETTING.MAX_CONCURRENT_STREAMS) this.#maxStreams = value;
      else if (id === SETTING.MAX_FRAME_SIZE) this.maxFrameSize = Math.max(MAX_FRAME_SIZE, value);
      else if (id === SETTING.INITIAL_WINDOW_SIZE) {
        const change = value - this.#initialWindow;
        this.#initialWindow = value;
        for (const stream of this.#open.values()) stream.grant(change);
      }
    });
  }

  #receiveUpdate(frame: Frame): void {
    const bytes = (readWord(frame) ?? 0) & WORD_MASK;
    if (frame.stream !== 0) return this.#open.get(frame.stream)?.grant(bytes);
    this.window += bytes;
    this.pump();
  }

  #receiveGoaway(frame: Frame): void {
    const last = (readWord(frame) ?? 0) & WORD_MASK;
    this.#phase = 'leaving';
    const returned = [...this.#pending];
    this.#pending.clear();
    for (const stream of this.#open.values()) {
      if (stream.id <= last || stream.hasPickedEnded) continue;
      this.#open.delete(stream.id);
      stream.returned();
      returned.push(stream);
    }
    this.#events.returned(returned.toSorted((a, b) => a.id - b.id));
  }

  /** Null for a stream that expects nothing from here. */
  #answering(id: number): PickedStream | null {
    const stream = this.#open.get(id);
    return stream === undefined || stream.hasPickedEnded ? null : stream;
  }
}
