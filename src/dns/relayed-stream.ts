/**
 * A program's DNS connection, and one to the server that it asks: bytes both ways, each held back by the other's reader.
 *
 * Our side is never closed by FIN, which would leave its port, one of a few, in TIME_WAIT for a minute: a program's end is
 * not passed on, and when the server has had time to say the rest, the connection is reset.
 */
import type { Socket } from 'node:net';
import type { StreamPort } from './stream-port.ts';

/** Neither side has said anything, ms: a server may take its time between two messages of a zone. */
const IDLE_MS = 60_000;
/** The same when the program has ended its side, ms. */
const ENDED_MS = 5_000;

export class RelayedStream {
  readonly #socket: Socket;
  readonly #port: StreamPort;
  #ended = false;
  #serverEnded = false;

  /** `room`: the server takes more again. */
  constructor(socket: Socket, port: StreamPort, room: () => void) {
    this.#socket = socket;
    this.#port = port;
    socket.setTimeout(IDLE_MS, () => this.#idled());
    socket.on('data', (chunk: Buffer) => {
      if (!port.send(chunk)) socket.pause();
    });
    socket.on('drain', room);
    socket.on('end', () => {
      this.#serverEnded = true;
      port.end();
      if (this.#ended) this.close();
    });
    socket.on('error', () => port.reset());
  }

  /** False when the server is not reading. */
  send(bytes: Uint8Array): boolean {
    return this.#socket.write(bytes);
  }

  /** The program says no more. */
  end(): void {
    this.#ended = true;
    if (this.#serverEnded) this.close();
    else this.#socket.setTimeout(ENDED_MS);
  }

  /** The program reads again. */
  drained(): void {
    this.#socket.resume();
  }

  /** The program is gone. */
  close(): void {
    // What is not connected yet would be reset only once it is.
    if (this.#socket.connecting) this.#socket.destroy();
    else this.#socket.resetAndDestroy();
  }

  #idled(): void {
    if (this.#ended) this.#port.end();
    else this.#port.reset();
    this.close();
  }
}
