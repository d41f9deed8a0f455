/**
 * What a client's frames mean for the two sides, requests aside.  Until the split they pass as they are; afterwards each
 * goes to the side whose stream it is about, and what concerns the connection is shared out.
 */
import type { RawBlock } from './block-reader.ts';
import type { ClientSide } from './client-side.ts';
import { Http2Error } from './error.ts';
import {
  FLAG,
  has,
  readSettings,
  readWord,
  SETTING,
  TYPE,
  unpad,
  writeFrame,
  writeHeader,
  writeWindowUpdate,
} from './frame.ts';
import type { Frame } from './frame.ts';
import type { Block } from './hpack/block.ts';
import { WINDOW_LIMIT } from './limits.ts';
import type { MainSide } from './main-side.ts';
import type { PickedStream } from './picked-stream.ts';
import type { PickedStreams } from './picked-streams.ts';

const WORD_MASK = 0x7fffffff;

export class ClientRelay {
  readonly #client: ClientSide;
  readonly #main: MainSide;
  readonly #picked: PickedStreams;
  #isSplit = false;

  constructor(client: ClientSide, main: MainSide, picked: PickedStreams) {
    this.#client = client;
    this.#main = main;
    this.#picked = picked;
  }

  /** From here on not all streams are main's. */
  split(): void {
    this.#isSplit = true;
  }

  /** Anything but header blocks.  Throws an `Http2Error`. */
  receive(frame: Frame): void {
    switch (frame.type) {
      case TYPE.DATA:
        return this.#receiveData(frame);
      case TYPE.PRIORITY:
        return this.#isPicked(frame.stream) ? undefined : this.pass(frame);
      case TYPE.RST_STREAM:
        return this.#receiveReset(frame);
      case TYPE.SETTINGS:
        return this.#receiveSettings(frame);
      case TYPE.PING:
        return this.#receivePing(frame);
      case TYPE.WINDOW_UPDATE:
        return this.#receiveUpdate(frame);
      default:
        return this.pass(frame);
    }
  }

  /** To main, as it is. */
  pass({ bytes, start, to }: Frame): void {
    this.#main.line.put(bytes, start, to);
  }

  passTrailers(raw: RawBlock, block: Block): void {
    const stream = this.#picked.get(raw.stream);
    if (stream !== undefined) return stream.trailers(block, raw.isEnd);
    if (this.#isPicked(raw.stream)) return;
    if (raw.isEnd) this.#main.clientDone(raw.stream);
    this.passBlock(raw, block);
  }

  passBlock(raw: RawBlock, block: Block): void {
    if (this.#isSplit) this.#main.putBlock(raw.stream, block, raw.isEnd, raw.priority);
    else for (const frame of raw.frames) this.pass(frame);
  }

  #receiveData(frame: Frame): void {
    const { stream: id, bytes, from, to } = frame;
    const isEnd = has(frame, FLAG.END_STREAM) && frame.extent !== 'head';
    const stream = this.#picked.get(id);
    if (stream !== undefined) return this.#upload(stream, frame, isEnd);
    if (this.#isPicked(id)) return this.#client.credit(0, to - from);
    if (isEnd) this.#main.clientDone(id);
    if (!this.#isSplit || frame.extent === 'whole') return this.pass(frame);
    // Frames of ours may come between two pieces: each gets a header.
    if (frame.extent === 'head') return;
    this.#main.line.put(writeHeader(to - from, TYPE.DATA, isEnd ? FLAG.END_STREAM : 0, id));
    this.#main.line.put(bytes, from, to);
  }

  #upload(stream: PickedStream, frame: Frame, isEnd: boolean): void {
    const { from, to } = unpad(frame);
    const padding = frame.to - frame.from - (to - from);
    if (to > from || padding > 0 || isEnd) stream.upload(frame.bytes, from, to, padding, isEnd);
  }

  #receiveReset(frame: Frame): void {
    const stream = this.#picked.get(frame.stream);
    if (stream !== undefined) return stream.reset(wordOf(frame));
    if (this.#isPicked(frame.stream)) return;
    this.#main.clientReset(frame.stream);
    this.pass(frame);
  }

  #receiveSettings(frame: Frame): void {
    if (has(frame, FLAG.ACK)) this.#main.settingsCount();
    else {
      let window: number | null = null;
      let table: number | null = null;
      readSettings(frame, (id, value) => {
        if (id === SETTING.INITIAL_WINDOW_SIZE) window = value;
        else if (id === SETTING.HEADER_TABLE_SIZE) table = value;
      });
      this.#client.settings.announce(window, table);
      this.#picked.windowChanged();
    }
    this.pass(frame);
  }

  /** Servers of gRPC count the PINGs that their own frames have not caused, and close: main never sees the others. */
  #receivePing(frame: Frame): void {
    if (!this.#isSplit || has(frame, FLAG.ACK)) return this.pass(frame);
    if (!this.#main.hasSpoken)
      return this.#client.put(writeFrame(TYPE.PING, FLAG.ACK, 0, frame.bytes.subarray(frame.from, frame.to)));
    this.#main.hasSpoken = false;
    this.pass(frame);
  }

  #receiveUpdate(frame: Frame): void {
    const bytes = (readWord(frame) ?? 0) & WORD_MASK;
    if (frame.stream === 0) {
      const rest = this.#client.refill(bytes);
      if (this.#isSplit && this.#client.window > WINDOW_LIMIT)
        throw new Http2Error('FLOW_CONTROL_ERROR', 'a window that is too large');
      if (rest === bytes) this.pass(frame);
      else if (rest > 0) this.#main.line.put(writeWindowUpdate(0, rest));
      return;
    }
    const stream = this.#picked.get(frame.stream);
    if (stream !== undefined) stream.refill(bytes);
    else if (!this.#isPicked(frame.stream)) this.pass(frame);
  }

  /** The stream is, or was, one of the picked side's. */
  #isPicked(stream: number): boolean {
    return this.#isSplit && (this.#picked.get(stream) !== undefined || this.#picked.isGhost(stream));
  }
}

/** Of a frame for a stream that we answer ourselves. */
function wordOf(frame: Frame): number {
  const word = frame.length === 4 ? readWord(frame) : null;
  if (word === null) throw new Http2Error('FRAME_SIZE_ERROR', 'a frame of another length than four bytes');
  return word;
}
