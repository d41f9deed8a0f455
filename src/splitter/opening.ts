/**
 * The beginning of a connection, until it is known which version of HTTP it speaks, or whether any.  A client of HTTP/2
 * says so in its first 24 bytes (RFC 9113, section 3.4); everything else is judged as HTTP/1.
 */
import { Http1Connection } from './http1/connection.ts';
import { Http2Connection } from './http2/connection.ts';
import { FLAG, PREFACE, TYPE } from './http2/frame.ts';
import { START_LINE_WAIT_MS } from './limits.ts';
import type { Split, SplitOptions } from './options.ts';
import type { BytePipe } from './pipe.ts';

const EMPTY: Buffer = Buffer.alloc(0);

export class Opening implements Split {
  readonly #options: SplitOptions;
  readonly #main: BytePipe;
  /** From the client. */
  #start = EMPTY;
  /** From main, which may speak first. */
  #greeting = EMPTY;
  #connection: Split | null = null;
  /** For the rest of what may be a preface. */
  #timer: NodeJS.Timeout | undefined;

  constructor(options: SplitOptions) {
    this.#options = options;
    const { client } = options;
    const main = options.dialMain();
    this.#main = main;
    client.onData = (bytes) => this.#fromClient(bytes);
    main.onData = (bytes) => this.#fromMain(bytes);
    // Without another byte it can be anything: what follows is the same.
    client.onEnd = () => this.#choose('1.1', () => client.onEnd());
    client.onReset = () => this.#choose('1.1', () => client.onReset());
    main.onEnd = () => this.#choose('1.1', () => main.onEnd());
    main.onReset = () => this.#choose('1.1', () => main.onReset());
    client.resume();
    main.resume();
  }

  reset(): void {
    if (this.#connection === null) this.#choose('1.1', () => {});
    this.#connection?.reset();
  }

  #fromClient(bytes: Buffer): void {
    this.#start = Buffer.concat([this.#start, bytes]);
    const length = Math.min(this.#start.length, PREFACE.length);
    const isPreface = this.#start.compare(PREFACE, 0, length, 0, length) === 0;
    if (!isPreface) this.#choose('1.1', () => {});
    else if (length === PREFACE.length) this.#choose('2', () => {});
    else this.#timer ??= setTimeout(() => this.#choose('1.1', () => {}), START_LINE_WAIT_MS);
  }

  /** A server of HTTP/2 begins with SETTINGS: they can wait for the client, which has to speak without them. */
  #fromMain(bytes: Buffer): void {
    this.#greeting = Buffer.concat([this.#greeting, bytes]);
    if (!isGreeting(this.#greeting)) this.#choose('1.1', () => {});
  }

  /** `event`: what has to be told to the connection once it knows the bytes. */
  #choose(version: '1.1' | '2', event: () => void): void {
    const { client } = this.#options;
    clearTimeout(this.#timer);
    client.pause();
    this.#main.pause();
    const Connection = version === '2' ? Http2Connection : Http1Connection;
    this.#connection = new Connection(this.#options, this.#main);
    if (this.#greeting.length > 0) this.#main.onData(this.#greeting);
    if (this.#start.length > 0) client.onData(this.#start);
    event();
  }
}

/** The beginning of a SETTINGS frame, as HTTP/2 has it. */
function isGreeting(bytes: Buffer): boolean {
  const flags = bytes[4] ?? 0;
  const stream = bytes.subarray(5, 9).toString('latin1');
  return (
    bytes[0] === 0 && (bytes[3] ?? TYPE.SETTINGS) === TYPE.SETTINGS && (flags & FLAG.ACK) === 0 && /^\0*$/.test(stream)
  );
}
