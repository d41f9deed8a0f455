/**
 * A port-forward as a Duplex with backpressure both ways, which the client library's has not: there a fast writer piles
 * up in memory without bound, and a slow reader does not slow the pod down.
 */
import { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import type WebSocket from 'ws';
import type { Frame, Framing } from './framing.ts';
import { maskedFrame } from './masked-frame.ts';

/**
 * Bytes handed to the socket and not yet taken by the kernel, above which a writer waits.  Small, since what waits here
 * delays everything behind it; the kernel's own send buffer keeps the path busy meanwhile.
 */
const UNSENT_LIMIT = 256 * 1024;
/** One message at most: small writes are gathered up to it, large ones cut, so that the far side's buffers stay small. */
const MESSAGE_LIMIT = 64 * 1024;
/** How long a polite close may take before the connection is cut. */
const CLOSE_DEADLINE_MS = 1_000;

type Done = (error?: Error | null) => void;

/**
 * Takes over an open WebSocket on `connection`, to which the frames with data are written past it (masked-frame.ts).
 * `opened` is called when the far side has confirmed the port.
 */
export class PortForwardStream extends Duplex {
  readonly #socket: WebSocket;
  readonly #connection: Socket;
  readonly #framing: Framing;
  readonly #opened: () => void;
  #waiting: Done | null = null;
  /** The far side has said its last word; what follows it is not looked at. */
  #isOver = false;

  constructor(socket: WebSocket, connection: Socket, framing: Framing, opened: () => void) {
    super({ readableHighWaterMark: MESSAGE_LIMIT, writableHighWaterMark: MESSAGE_LIMIT, allowHalfOpen: false });
    this.#socket = socket;
    this.#connection = connection;
    this.#framing = framing;
    this.#opened = opened;
    socket.on('message', (message: Buffer) => framing.read(message, this.#take));
    socket.on('error', (error) => this.destroy(new Error(`port-forward: ${error.message}`)));
    socket.on('close', (code, reason) => this.#closed(code, reason.toString()));
    if (framing.opening !== null) socket.send(framing.opening);
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.#send([chunk], chunk.length, done);
  }

  override _writev(chunks: { chunk: Buffer; encoding: BufferEncoding }[], done: Done): void {
    let batch: Buffer[] = [];
    let length = 0;
    for (const { chunk } of chunks) {
      if (length > 0 && length + chunk.length > MESSAGE_LIMIT) {
        this.#send(batch, length, null);
        batch = [];
        length = 0;
      }
      batch.push(chunk);
      length += chunk.length;
    }
    this.#send(batch, length, done);
  }

  override _final(done: Done): void {
    // There is no half-close in this protocol: the end of writing is the end of the connection.
    this.#socket.close(1000);
    done();
  }

  override _destroy(error: Error | null, done: Done): void {
    const socket = this.#socket;
    this.#waiting = null;
    // Unread messages would hold the close frame back.
    socket.resume();
    if (error !== null) socket.terminate();
    else socket.close(1000);
    const timer = setTimeout(() => socket.terminate(), CLOSE_DEADLINE_MS);
    timer.unref();
    socket.once('close', () => clearTimeout(timer));
    done(error);
  }

  /** `done` is called once little enough is unsent; null for all but the last message of a batch. */
  #send(chunks: readonly Buffer[], length: number, done: Done | null): void {
    if (length > MESSAGE_LIMIT) return this.#sendCut(Buffer.concat(chunks, length), done);
    if (this.#socket.readyState !== this.#socket.OPEN) return this.#sent(new Error('the connection is closing'));
    const head = this.#framing.head(length);
    this.#connection.write(maskedFrame([head, ...chunks], head.length + length), this.#sent);
    if (done === null) return;
    if (this.#connection.writableLength < UNSENT_LIMIT) done();
    else this.#waiting = done;
  }

  #sendCut(chunk: Buffer, done: Done | null): void {
    for (let offset = 0; offset < chunk.length; offset += MESSAGE_LIMIT) {
      const end = Math.min(offset + MESSAGE_LIMIT, chunk.length);
      this.#send([chunk.subarray(offset, end)], end - offset, end === chunk.length ? done : null);
    }
  }

  readonly #sent = (error?: Error | null): void => {
    if (error) return void this.destroy(new Error(`port-forward: ${error.message}`));
    const waiting = this.#waiting;
    if (waiting === null || this.#connection.writableLength >= UNSENT_LIMIT) return;
    this.#waiting = null;
    waiting();
  };

  readonly #take = (frame: Frame): void => {
    if (this.#isOver || this.destroyed) return;
    switch (frame.kind) {
      case 'data':
        if (!this.push(frame.payload)) this.#socket.pause();
        return;
      case 'ready':
        return this.#opened();
      case 'end':
        return this.#ended();
      case 'answer':
        return this.#socket.send(frame.message);
      case 'error':
        return this.#fail(frame.text.trim());
      case 'malformed':
        return this.#fail(`the server broke the port-forward protocol (${frame.reason})`);
    }
  };

  /** A moment later: it may come with the confirmation, before a listener for errors is in place. */
  #fail(reason: string): void {
    this.#isOver = true;
    setImmediate(() => this.destroy(new Error(`port-forward: ${reason}`)));
  }

  #ended(): void {
    this.#isOver = true;
    this.push(null);
    this.end();
  }

  #closed(code: number, reason: string): void {
    if (this.#isOver || this.destroyed) return;
    // 1000 is an orderly end: the program in the pod closed its connection (RFC 6455 section 7.4.1).
    if (code === 1000) return this.#ended();
    const why = code === 1006 ? 'the connection was cut' : `closed with code ${code}`;
    this.destroy(new Error(`port-forward: ${why}${reason === '' ? '' : `: ${reason}`}`));
  }
}
