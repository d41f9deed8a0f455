/** Something that the other end opens, and the ways to take it. */
import type { FlowBytes, FlowDatagrams, DialErrno } from '../mux/flow.ts';
import { toErrno } from '../mux/errno.ts';
import type { Mux } from '../mux/mux.ts';
import type { Opening } from './opening.ts';

/** A flow whose other end waits for the outcome: exactly one of the two follows, unless the flow ended before. */
export interface Pending {
  accept(): void;
  refuse(errno: DialErrno): void;
}

export interface PendingStream extends FlowBytes, Pending {
  /** RST after everything written; handlers are called until then. */
  abort(): void;
}

export interface PendingDatagrams extends FlowDatagrams, Pending {
  /** Of the flow, the same at both ends. */
  readonly id: number;
  /** Tells the other end the errno with which the socket failed, and ends the flow. */
  fail(errno: DialErrno): void;
}

/** To be taken, or refused, by exactly one call, in the turn in which it comes. */
export class Arrival {
  /** Whence it comes: this end may open on it, too. */
  readonly mux: Mux;
  readonly port: number;
  /** Valid only during the turn. */
  readonly body: Buffer;
  readonly #id: number;

  constructor(mux: Mux, id: number, { port, body }: Opening) {
    this.mux = mux;
    this.port = port;
    this.body = body;
    this.#id = id;
  }

  /** The body as text. */
  get text(): string {
    return this.body.toString('latin1');
  }

  stream(): PendingStream {
    return Object.assign(this.mux.acceptStream(this.#id), this.#pending());
  }

  datagrams(): PendingDatagrams {
    return Object.assign(this.mux.acceptDatagrams(this.#id), this.#pending());
  }

  /**
   * A question, to which there is one answer; a rejection of `find` is told by its errno.  The signal aborts when the other
   * end does not want the answer any more.
   */
  question(find: (question: Buffer, signal: AbortSignal) => Promise<Uint8Array>): void {
    const { mux } = this;
    const id = this.#id;
    // Copied: the question outlives the read that it came in.
    find(Buffer.from(this.body), mux.acceptQuestion(id)).then(
      (answer) => mux.answer(id, answer),
      (error: unknown) => mux.refuse(id, toErrno(error)),
    );
  }

  refuse(errno: DialErrno): void {
    this.mux.decline(this.#id, errno);
  }

  #pending(): Pending {
    const { mux } = this;
    const id = this.#id;
    return { accept: () => mux.accepted(id), refuse: (errno) => mux.refuse(id, errno) };
  }
}
