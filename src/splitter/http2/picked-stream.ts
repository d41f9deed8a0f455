/** One stream that goes to the picked side: its two directions, each with a queue and two windows. */
import type { ClientSide } from './client-side.ts';
import { joined, isTiny } from './data.ts';
import type { Download, Upload } from './data.ts';
import { ERROR_CODES } from './error.ts';
import type { ErrorName } from './error.ts';
import { FLAG, TYPE, writeBlock, writeHeader, writeReset } from './frame.ts';
import type { Block } from './hpack/block.ts';
import { MAX_FRAME_SIZE, WINDOW_LIMIT } from './limits.ts';
import { refusal } from './refusal.ts';
import type { StreamOwner } from './stream-owner.ts';
import type { Uploads } from './uploads.ts';

export interface StreamEvents {
  /** Something waits for the client. */
  ready(stream: PickedStream): void;
  /** Nothing does any more. */
  idle(stream: PickedStream): void;
  /** It is over for the client. */
  over(stream: PickedStream): void;
  failed(stream: PickedStream, reason: string): void;
}

export class PickedStream {
  readonly id: number;
  readonly head: Block;
  /** The request has no body. */
  readonly isHeadOnly: boolean;
  /** Where it was put; set before anything else happens. */
  connection: StreamOwner<PickedStream> | null = null;
  /** HEADERS have gone to the picked side, and it counts the stream as open. */
  isOpen = false;
  /** It was sent back once. */
  isSecondTry = false;
  readonly #client: ClientSide;
  readonly #uploads: Uploads;
  readonly #events: StreamEvents;
  /* Towards the picked side. */
  readonly #up: Upload[] = [];
  /** Its window for us. */
  #upWindow = 0;
  #sentUp = 0;
  #hasClientEnded: boolean;
  #hasUpEnded = false;
  /** It takes no more of the request. */
  #isDeaf = false;
  /** Updates of the client that came before it was open. */
  #earlyCredit = 0;
  /* Towards the client. */
  readonly #down: Download[] = [];
  #window: number;
  /** The answer's own head has come, not an interim one. */
  #hasStarted = false;
  #hasPickedEnded = false;
  /** The client has all of the answer. */
  #isAnswered = false;
  #isOver = false;

  constructor(
    id: number,
    head: Block,
    isHeadOnly: boolean,
    client: ClientSide,
    uploads: Uploads,
    events: StreamEvents,
  ) {
    this.id = id;
    this.head = head;
    this.isHeadOnly = isHeadOnly;
    this.#client = client;
    this.#uploads = uploads;
    this.#events = events;
    this.#hasClientEnded = isHeadOnly;
    this.#window = client.settings.window;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Nothing more comes from the picked side. */
  get hasPickedEnded(): boolean {
    return this.#hasPickedEnded;
  }

  /** Nothing of a body has gone: another connection can have it. */
  get isUntouched(): boolean {
    return this.#sentUp === 0 && !this.#hasStarted;
  }

  /* ---- from the client ---- */

  /** DATA without padding; `padding` is what it cost beside. */
  upload(bytes: Buffer, from: number, to: number, padding: number, isEnd: boolean): void {
    const size = to - from + padding;
    if (this.#hasClientEnded) {
      this.#client.credit(0, size);
      return this.#violated('STREAM_CLOSED');
    }
    this.#hasClientEnded = isEnd;
    if (this.#isDeaf) {
      this.#client.credit(0, size);
      return this.#finish();
    }
    // One that stands at a breakpoint must not stop everybody's uploads: the connection's window is given back at once.
    const isPaid = this.#uploads.take(size);
    if (isPaid) this.#client.credit(0, size);
    const last = this.#up.at(-1);
    if (last !== undefined && 'bytes' in last && last.isPaid === isPaid && isTiny(last, to - from))
      this.#up[this.#up.length - 1] = {
        ...joined(last, bytes.subarray(from, to), isEnd),
        padding: last.padding + padding,
        isPaid,
      };
    else this.#up.push({ bytes, from, to, padding, isPaid, isEnd });
    this.pumpUp();
  }

  trailers(trailers: Block, isEnd: boolean): void {
    if (this.#hasClientEnded || !isEnd)
      return this.#violated(this.#hasClientEnded ? 'STREAM_CLOSED' : 'PROTOCOL_ERROR');
    this.#hasClientEnded = true;
    if (this.#isDeaf) return this.#finish();
    this.#up.push({ trailers, isEnd });
    this.pumpUp();
  }

  /** The client takes so much more of the answer. */
  refill(bytes: number): void {
    this.#window += bytes;
    if (bytes === 0) return this.#violated('PROTOCOL_ERROR');
    if (this.#window > WINDOW_LIMIT) return this.#violated('FLOW_CONTROL_ERROR');
    if (!this.#hasPickedEnded) {
      if (this.isOpen) this.connection?.refill(this.id, bytes);
      else this.#earlyCredit += bytes;
    }
    if (this.#down.length > 0) this.#events.ready(this);
  }

  /** The client's INITIAL_WINDOW_SIZE has changed. */
  adjust(change: number): void {
    this.#window += change;
    if (this.#down.length > 0) this.#events.ready(this);
  }

  /** The client has reset it. */
  reset(code: number): void {
    this.connection?.reset(this, code);
    this.#remove();
  }

  /** The client has broken the rules of this stream. */
  #violated(name: ErrorName): void {
    this.#client.put(writeReset(this.id, name));
    this.reset(ERROR_CODES[name]);
  }

  /* ---- the picked side's connection ---- */

  /** HEADERS have gone there; `window`: what it takes of a body. */
  opened(window: number): void {
    this.isOpen = true;
    this.#upWindow = window;
    this.#hasUpEnded = this.isHeadOnly;
    if (this.#earlyCredit > 0) this.connection?.refill(this.id, this.#earlyCredit);
    this.pumpUp();
  }

  /** Not open any more, and not over: it will be tried elsewhere. */
  returned(): void {
    this.isOpen = false;
    this.#hasUpEnded = false;
  }

  grant(bytes: number): void {
    this.#upWindow += bytes;
    this.pumpUp();
  }

  pumpUp(): void {
    const { connection } = this;
    if (connection === null || !this.isOpen || this.#isDeaf) return;
    while (this.#up.length > 0 && !connection.isFull) {
      const first = this.#up[0];
      if ('trailers' in first) {
        connection.putBlock(this.id, first.trailers, first.isEnd);
        this.#up.shift();
        this.#upEnded();
        continue;
      }
      const left = first.to - first.from;
      const length = Math.min(left, this.#upWindow, connection.window, connection.maxFrameSize);
      if (length <= 0 && left > 0) return;
      const isLast = length === left;
      connection.putData(this.id, first.bytes, first.from, first.from + length, isLast && first.isEnd);
      this.#upWindow -= length;
      this.#sentUp += length;
      first.from += length;
      const paid = length + (isLast ? first.padding : 0);
      this.#uploads.give(paid);
      if (!first.isPaid) this.#client.credit(0, paid);
      if (!this.#hasClientEnded) this.#client.credit(this.id, paid);
      if (!isLast) continue;
      this.#up.shift();
      if (first.isEnd) this.#upEnded();
    }
  }

  answer(block: Block, isEnd: boolean): void {
    const status = block.fields[0] === ':status' ? block.fields[1] : '';
    if (!status.startsWith('1')) this.#hasStarted = true;
    this.#push({ block, isEnd });
    if (isEnd) this.#pickedEnded();
  }

  data(bytes: Buffer, from: number, to: number, isEnd: boolean): void {
    const last = this.#down.at(-1);
    if (last !== undefined && 'bytes' in last && isTiny(last, to - from))
      this.#down[this.#down.length - 1] = joined(last, bytes.subarray(from, to), isEnd);
    else this.#push({ bytes, from, to, isEnd });
    if (isEnd) this.#pickedEnded();
  }

  /** RST_STREAM of the picked side. */
  wasReset(code: number): void {
    this.isOpen = false;
    this.#dropUp();
    if (this.#hasPickedEnded) {
      // The whole answer goes first.
      if (!this.#hasClientEnded) this.#push({ reset: code });
      return;
    }
    this.#hasPickedEnded = true;
    if (code !== ERROR_CODES.NO_ERROR) this.#dropDown();
    this.#push({ reset: code });
  }

  /** No connection takes it. */
  refuse(): void {
    this.isOpen = false;
    this.#dropUp();
    this.#hasPickedEnded = true;
    this.#push({ reset: ERROR_CODES.REFUSED_STREAM });
  }

  /** Its connection is gone, or there is none. */
  fail(reason: string): void {
    this.isOpen = false;
    this.#dropUp();
    if (this.#hasPickedEnded) return;
    this.#hasPickedEnded = true;
    if (this.#hasStarted) return this.#push({ reset: ERROR_CODES.INTERNAL_ERROR });
    this.#events.failed(this, reason);
    for (const download of refusal(this.head, reason)) this.#push(download);
    if (!this.#hasClientEnded) this.#push({ reset: ERROR_CODES.NO_ERROR });
  }

  /* ---- to the client ---- */

  /** One step; false when the windows allow none. */
  send(): boolean {
    const client = this.#client;
    const first = this.#down[0];
    if ('reset' in first) {
      client.line.put(writeReset(this.id, first.reset));
      this.#remove();
      return true;
    }
    let isDone = true;
    if ('block' in first) {
      const sizes = client.settings.takeTableSizes();
      client.line.put(writeBlock({ stream: this.id, block: first.block, isEnd: first.isEnd, sizes }));
    } else {
      const left = first.to - first.from;
      const length = Math.min(left, client.window, this.#window, MAX_FRAME_SIZE);
      if (length <= 0 && left > 0) return false;
      isDone = length === left;
      const flags = isDone && first.isEnd ? FLAG.END_STREAM : 0;
      client.line.put(writeHeader(length, TYPE.DATA, flags, this.id));
      client.line.put(first.bytes, first.from, first.from + length);
      client.spend(length);
      this.#window -= length;
      first.from += length;
      this.connection?.taken(length);
    }
    if (isDone) {
      this.#down.shift();
      this.#isAnswered = first.isEnd;
      this.#finish();
    }
    if (this.#down.length === 0) this.#events.idle(this);
    return true;
  }

  /** Removes it when neither direction has anything left. */
  #finish(): void {
    if (this.#isAnswered && this.#hasClientEnded && this.#up.length === 0 && this.#down.length === 0) this.#remove();
  }

  #push(download: Download): void {
    if (this.#isOver) return;
    this.#down.push(download);
    this.#events.ready(this);
  }

  #upEnded(): void {
    this.#hasUpEnded = true;
    if (this.#hasPickedEnded) this.#close();
    this.#finish();
  }

  #pickedEnded(): void {
    this.#hasPickedEnded = true;
    if (this.#hasUpEnded) this.#close();
  }

  /** Both directions are over for the picked side. */
  #close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.connection?.closed(this);
  }

  #dropUp(): void {
    this.#isDeaf = true;
    for (const upload of this.#up.splice(0)) {
      if ('trailers' in upload) continue;
      const size = upload.to - upload.from + upload.padding;
      this.#uploads.give(size);
      if (!upload.isPaid) this.#client.credit(0, size);
    }
  }

  #dropDown(): void {
    for (const download of this.#down.splice(0))
      if ('bytes' in download) this.connection?.taken(download.to - download.from);
    this.#events.idle(this);
  }

  #remove(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#dropUp();
    this.#dropDown();
    this.connection?.reset(this, ERROR_CODES[this.#hasPickedEnded ? 'NO_ERROR' : 'CANCEL']);
    this.#client.forget(this.id);
    this.#events.over(this);
  }
}
