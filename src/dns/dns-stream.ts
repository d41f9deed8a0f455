/**
 * One client's byte stream: questions in, answers out, in the order in which they are ready (RFC 7766, 6.2.1.1).
 *
 * Bounded: a client that asks faster than it is answered, or does not read its answers, is held back; one that says
 * nothing is left.
 */
import { frame, FrameReader } from './framing.ts';
import type { Resolver } from './resolver.ts';

/** Questions of one connection in work. */
const MAX_PIPELINED = 64;
/** Nothing asked and nothing in work (RFC 7766, 6.2.3: a few seconds), ms.  Also bounds an unfinished question. */
const IDLE_MS = 10_000;

/** The connection that the stream runs on. */
export interface StreamPort {
  /** Takes ownership; false when the client is not reading: stop until `drained`. */
  send(bytes: Uint8Array): boolean;
  /** Lets no more bytes come, or lets them come again. */
  hold(held: boolean): void;
  /** FIN behind what was sent. */
  end(): void;
  reset(): void;
}

export class DnsStream {
  readonly #resolver: Resolver;
  readonly #port: StreamPort;
  readonly #reader = new FrameReader();
  readonly #idle: NodeJS.Timeout;
  #inWork = 0;
  #blocked = false;
  #held = false;
  #ended = false;
  #closed = false;

  constructor(resolver: Resolver, port: StreamPort) {
    this.#resolver = resolver;
    this.#port = port;
    this.#idle = setTimeout(() => this.#giveUp(), IDLE_MS);
  }

  data(chunk: Uint8Array): void {
    if (this.#closed) return;
    for (const message of this.#reader.push(chunk)) void this.#answer(message);
    this.#balance();
  }

  /** The client asks no more; what it asked is still answered. */
  end(): void {
    this.#ended = true;
    this.#finish();
  }

  drained(): void {
    this.#blocked = false;
    this.#balance();
  }

  /** The connection is gone. */
  closed(): void {
    this.#closed = true;
    clearTimeout(this.#idle);
  }

  async #answer(message: Uint8Array): Promise<void> {
    this.#inWork++;
    const answer = await this.#resolver.answer(message, 'tcp');
    this.#inWork--;
    if (this.#closed) return;
    // What is no query at all ends the connection: its framing cannot be trusted.
    if (answer === null) return this.#abort();
    this.#idle.refresh();
    if (!this.#port.send(frame(answer))) this.#blocked = true;
    this.#balance();
    this.#finish();
  }

  #balance(): void {
    const hold = this.#blocked || this.#inWork >= MAX_PIPELINED;
    if (hold === this.#held || this.#closed) return;
    this.#held = hold;
    this.#port.hold(hold);
  }

  #finish(): void {
    if (!this.#ended || this.#inWork > 0 || this.#closed) return;
    this.closed();
    this.#port.end();
  }

  #giveUp(): void {
    if (this.#inWork > 0) {
      this.#idle.refresh();
      return;
    }
    // In the middle of a question, or not reading: nothing in order is left to end.
    if (this.#blocked || this.#reader.partial) return this.#abort();
    this.closed();
    this.#port.end();
  }

  #abort(): void {
    this.closed();
    this.#port.reset();
  }
}
