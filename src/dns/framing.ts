/** DNS over a byte stream: each message behind its length in two bytes (RFC 1035, 4.2.2; RFC 7766, 8). */
import { putUint16 } from './wire.ts';

const LENGTH_BYTES = 2;

export function frame(message: Uint8Array): Uint8Array {
  const framed = new Uint8Array(LENGTH_BYTES + message.length);
  putUint16(framed, 0, message.length);
  framed.set(message, LENGTH_BYTES);
  return framed;
}

/** Cuts a byte stream into messages, wherever its chunks are split.  Holds one unfinished message, so at most 64 kB. */
export class FrameReader {
  #length = 0;
  #lengthBytes = 0;
  #message: Uint8Array | null = null;
  #filled = 0;

  /** The messages that `chunk` completes, each a copy. */
  push(chunk: Uint8Array): Uint8Array[] {
    const messages: Uint8Array[] = [];
    let at = 0;
    while (at < chunk.length) {
      if (this.#message === null) {
        this.#length = (this.#length << 8) | (chunk[at++] ?? 0);
        if (++this.#lengthBytes < LENGTH_BYTES) continue;
        this.#message = new Uint8Array(this.#length);
        this.#filled = 0;
      }
      const part = chunk.subarray(at, at + this.#message.length - this.#filled);
      this.#message.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled < this.#message.length) continue;
      messages.push(this.#message);
      this.#message = null;
      this.#length = 0;
      this.#lengthBytes = 0;
    }
    return messages;
  }

  /** In the middle of a message. */
  get partial(): boolean {
    return this.#lengthBytes > 0;
  }
}
