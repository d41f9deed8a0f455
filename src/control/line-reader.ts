/** Reads a socket line by line, on demand. */
import type { Socket } from 'node:net';

const NEWLINE = 0x0a;

export class LineReader {
  readonly #socket: Socket;
  /** Longest line, bytes. */
  readonly #limit: number;
  /** Of the line that has begun. */
  #chunks: Buffer[] = [];
  #length = 0;

  constructor(socket: Socket, limit: number) {
    this.#socket = socket;
    this.#limit = limit;
  }

  /** The next line without its end; null at the socket's end, which a line without one is a part of. */
  async next(): Promise<string | null> {
    for (;;) {
      const chunk: Buffer | null = this.#socket.read();
      if (chunk !== null) {
        const end = chunk.indexOf(NEWLINE);
        this.#chunks.push(end < 0 ? chunk : chunk.subarray(0, end));
        this.#length += this.#chunks.at(-1)?.length ?? 0;
        if (this.#length > this.#limit) throw new RangeError(`longer than ${this.#limit} bytes`);
        if (end < 0) continue;
        // What follows is read next, by whom it concerns.
        if (end + 1 < chunk.length) this.#socket.unshift(chunk.subarray(end + 1));
        return this.#take();
      }
      if (!(await readable(this.#socket))) return null;
    }
  }

  #take(): string {
    const text = Buffer.concat(this.#chunks).toString('utf8');
    this.#chunks = [];
    this.#length = 0;
    return text;
  }
}

/** Resolves to false at the socket's end; rejects with its error. */
function readable(socket: Socket): Promise<boolean> {
  return new Promise((resolve, reject) => {
    if (socket.errored !== null) return reject(socket.errored);
    if (socket.readableEnded || socket.destroyed) return resolve(false);
    const settle = (): void =>
      void socket.off('readable', more).off('end', over).off('close', over).off('error', failed);
    const more = (): void => {
      settle();
      resolve(true);
    };
    const over = (): void => {
      settle();
      resolve(false);
    };
    const failed = (error: Error): void => {
      settle();
      reject(error);
    };
    socket.on('readable', more).on('end', over).on('close', over).on('error', failed);
  });
}
