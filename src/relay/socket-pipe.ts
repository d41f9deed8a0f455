/** A TCP socket as the splitter wants its pipes. */
import type { Socket } from 'node:net';
import type { BytePipe } from '../splitter/index.ts';
import { resetSocket } from './socket-relay.ts';

const nothing = (): void => {};

/** The socket allows half-close, and sends without delay.  It may still be connecting. */
export class SocketPipe implements BytePipe {
  onData: (bytes: Buffer) => void = nothing;
  onDrain: () => void = nothing;
  onEnd: () => void = nothing;
  onReset: () => void = nothing;
  readonly #socket: Socket;
  #isStarted = false;
  #isLost = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.pause();
    socket.on('data', (bytes: Buffer) => this.onData(bytes));
    socket.on('drain', () => this.onDrain());
    socket.on('end', () => this.onEnd());
    socket.on('error', nothing);
    socket.on('close', (hadError) => {
      if (hadError) this.#lost();
    });
  }

  write(bytes: Uint8Array): boolean {
    return this.#socket.writable ? this.#socket.write(bytes) : true;
  }

  end(): void {
    this.#socket.end();
  }

  reset(): void {
    this.onData = this.onDrain = this.onEnd = this.onReset = nothing;
    resetSocket(this.#socket);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    const isFirst = !this.#isStarted;
    this.#isStarted = true;
    if (isFirst && this.#isLost) queueMicrotask(() => this.onReset());
    else this.#socket.resume();
  }

  #lost(): void {
    this.#isLost = true;
    if (this.#isStarted) this.onReset();
  }
}
