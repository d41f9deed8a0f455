/**
 * One client's byte stream: questions in, answers out, in the order in which they are ready (RFC 7766, 6.2.1.1).
 *
 * Bounded: a client that asks faster than it is answered, or does not read its answers, is held back; one that says
 * nothing is left.  With its first message that is not a question for a resolver, the connection becomes the server's.
 */
import { frame, FrameReader } from './framing.ts';
import { isRelayed, type Relay } from './relay.ts';
import { RelayedStream } from './relayed-stream.ts';
import type { Resolver } from './resolver.ts';
import type { StreamPort } from './stream-port.ts';

/** Questions of one connection in work. */
const MAX_PIPELINED = 64;
/** Nothing asked and nothing in work (RFC 7766, 6.2.3: a few seconds), ms.  Also bounds an unfinished question. */
const IDLE_MS = 10_000;

export class DnsStream {
  readonly #resolver: Resolver;
  readonly #relay: Relay;
  readonly #port: StreamPort;
  readonly #reader = new FrameReader();
  readonly #idle: NodeJS.Timeout;
  /** Read, but not yet given to the resolver; what fits into the connection's window at most. */
  readonly #waiting: Uint8Array[] = [];
  #inWork = 0;
  #blocked = false;
  #held = false;
  /** The client has ended its side. */
  #ended = false;
  /** We have ended ours. */
  #leaving = false;
  #closed = false;
  /** Null while it is being connected. */
  #relayed: RelayedStream | null | undefined;

  constructor(resolver: Resolver, relay: Relay, port: StreamPort) {
    this.#resolver = resolver;
    this.#relay = relay;
    this.#port = port;
    this.#idle = setTimeout(() => this.#idled(), IDLE_MS);
  }

  data(chunk: Uint8Array): void {
    if (this.#leaving || this.#closed) return;
    this.#waiting.push(...this.#reader.push(chunk));
    this.#work();
  }

  /** The client asks no more; what it asked is still answered. */
  end(): void {
    this.#ended = true;
    this.#work();
  }

  drained(): void {
    if (this.#relayed) return this.#relayed.drained();
    this.#blocked = false;
    this.#work();
  }

  /** The connection is gone. */
  closed(): void {
    this.#closed = true;
    clearTimeout(this.#idle);
    this.#relayed?.close();
  }

  #work(): void {
    if (this.#closed || this.#leaving) return;
    if (this.#relayed === undefined) this.#ask();
    else if (this.#relayed !== null) this.#pass(this.#relayed);
    const hold = this.#blocked || this.#waiting.length > 0;
    if (hold !== this.#held) {
      this.#held = hold;
      this.#port.hold(hold);
    }
    if (!this.#ended || this.#inWork > 0 || this.#waiting.length > 0) return;
    if (this.#relayed === undefined) this.#leave();
    else this.#relayed?.end();
  }

  #ask(): void {
    while (!this.#blocked && this.#inWork < MAX_PIPELINED) {
      const [message] = this.#waiting;
      if (message === undefined) return;
      if (isRelayed(message)) {
        // What was asked before is answered before.
        if (this.#inWork === 0) void this.#handOver();
        return;
      }
      this.#waiting.shift();
      this.#inWork++;
      void this.#answer(message);
    }
  }

  #pass(relayed: RelayedStream): void {
    while (!this.#blocked) {
      const message = this.#waiting.shift();
      if (message === undefined) return;
      this.#blocked = !relayed.send(frame(message));
    }
  }

  async #handOver(): Promise<void> {
    this.#relayed = null;
    clearTimeout(this.#idle);
    try {
      const socket = await this.#relay.connect();
      this.#relayed = new RelayedStream(socket, this.#port, () => {
        this.#blocked = false;
        this.#work();
      });
    } catch {
      if (!this.#closed) this.#abort();
      return;
    }
    if (this.#closed) this.#relayed.close();
    else this.#work();
  }

  async #answer(message: Uint8Array): Promise<void> {
    const answer = await this.#resolver.answer(message, 'tcp');
    this.#inWork--;
    if (this.#closed) return;
    // What is not a query at all ends the connection: its framing cannot be trusted.
    if (answer === null) return this.#abort();
    this.#idle.refresh();
    if (!this.#port.send(frame(answer))) this.#blocked = true;
    this.#work();
  }

  #idled(): void {
    if (this.#inWork > 0) {
      this.#idle.refresh();
      return;
    }
    // Not reading, in the middle of a question, or not ending after us: nothing in order is left to end.
    if (this.#blocked || this.#leaving || this.#reader.partial) this.#abort();
    else this.#leave();
  }

  /** Ends our side; a client that does not end its own is reset when idle once more. */
  #leave(): void {
    this.#leaving = true;
    this.#idle.refresh();
    this.#port.end();
  }

  #abort(): void {
    this.closed();
    this.#port.reset();
  }
}
