/**
 * Frames of main on their way to the client, in their order: it is the order of the header table and of SETTINGS.  DATA
 * waits here when picked streams have used up the window that main believes to have; all else waits behind it.
 */
import type { ClientSide } from './client-side.ts';
import { FLAG, has, TYPE, writeHeader } from './frame.ts';
import type { Frame } from './frame.ts';

interface Queued {
  readonly frame: Frame;
  /** Its payload is delivered up to here. */
  from: number;
  /** Its stream was reset meanwhile. */
  isDropped: boolean;
}

export class MainQueue {
  readonly #client: ClientSide;
  readonly #deliver: (frame: Frame) => void;
  #frames: Queued[] = [];
  #head = 0;
  #bytes = 0;

  /** `deliver` gets what is not DATA. */
  constructor(client: ClientSide, deliver: (frame: Frame) => void) {
    this.#client = client;
    this.#deliver = deliver;
  }

  /** DATA that waits, bytes; never more than the debt. */
  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#head === this.#frames.length;
  }

  push(frame: Frame): void {
    const queued = { frame, from: frame.from, isDropped: false };
    if (this.isEmpty && this.#send(queued)) return;
    this.#frames.push(queued);
    this.#bytes += dataOf(queued);
  }

  /** One step; false when nothing can go. */
  pump(): boolean {
    if (this.isEmpty) return false;
    const queued = this.#frames[this.#head];
    const before = dataOf(queued);
    const isDone = queued.isDropped || this.#send(queued);
    this.#bytes -= isDone ? before : before - dataOf(queued);
    if (!isDone) return false;
    this.#head++;
    if (this.isEmpty) {
      this.#frames = [];
      this.#head = 0;
    }
    return true;
  }

  /** DATA of a stream that main has reset; returns how much that was. */
  drop(stream: number): number {
    let dropped = 0;
    for (const queued of this.#frames.slice(this.#head)) {
      if (queued.frame.type !== TYPE.DATA || queued.frame.stream !== stream) continue;
      dropped += dataOf(queued);
      queued.isDropped = true;
    }
    this.#bytes -= dropped;
    return dropped;
  }

  /** False when the client's window does not allow all of it. */
  #send(queued: Queued): boolean {
    const { frame } = queued;
    if (frame.type !== TYPE.DATA) {
      this.#deliver(frame);
      return true;
    }
    // Its pieces get headers of their own.
    if (frame.extent === 'head') return true;
    const { line, window } = this.#client;
    const length = frame.to - queued.from;
    const isPadded = frame.extent === 'whole' && has(frame, FLAG.PADDED);
    if (length <= window) {
      if (frame.extent === 'whole' && queued.from === frame.from) line.put(frame.bytes, frame.start, frame.to);
      else this.#putPart(queued, length, frame.flags & FLAG.END_STREAM);
      this.#client.window -= length;
      return true;
    }
    if (window > 0 && !isPadded) {
      this.#putPart(queued, window, 0);
      this.#client.window = 0;
    }
    return false;
  }

  #putPart(queued: Queued, length: number, flags: number): void {
    const { line } = this.#client;
    const { bytes, stream } = queued.frame;
    line.put(writeHeader(length, TYPE.DATA, flags, stream));
    line.put(bytes, queued.from, queued.from + length);
    queued.from += length;
  }
}

/** DATA that waits in it, bytes. */
function dataOf({ frame, from, isDropped }: Queued): number {
  return frame.type === TYPE.DATA && !isDropped ? frame.to - from : 0;
}
