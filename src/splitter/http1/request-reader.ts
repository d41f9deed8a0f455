/** Cuts what a client sends into requests, without changing a byte. */
import { Body } from './body.ts';
import type { DataSink } from './chunks.ts';
import { HeadScanner, MALFORMED, PARTIAL } from './head-scanner.ts';
import { isRequestLine, readRequest } from './request-head.ts';
import type { RequestHead } from './request-head.ts';

/** A run of bytes; they are not copied. */
export interface Run {
  readonly bytes: Buffer;
  readonly from: number;
  readonly to: number;
}

export type RequestStep =
  | { readonly kind: 'head'; readonly head: RequestHead; readonly run: Run }
  /** Of the request's body, with its chunk sizes. */
  | { readonly kind: 'body'; readonly run: Run }
  /** What follows, unread so far, is not HTTP/1 in one reading only. */
  | { readonly kind: 'malformed' };

const EMPTY: Buffer = Buffer.alloc(0);

export class RequestReader {
  readonly #scanner = new HeadScanner(isRequestLine);
  #bytes = EMPTY;
  #at = 0;
  #body: Body | null = null;

  /** The latest request has come whole. */
  get isBetween(): boolean {
    return this.#body === null;
  }

  /** Of the head that is coming, the first line is there. */
  get hasStartLine(): boolean {
    return this.#scanner.hasStart;
  }

  get unread(): number {
    return this.#bytes.length - this.#at;
  }

  feed(bytes: Buffer): void {
    this.#bytes = this.unread === 0 ? bytes : Buffer.concat([this.#bytes.subarray(this.#at), bytes]);
    this.#at = 0;
  }

  takeUnread(): Buffer {
    const unread = this.#bytes.subarray(this.#at);
    this.#bytes = EMPTY;
    this.#at = 0;
    return unread;
  }

  /** Null when more bytes are needed.  `sink` gets the body's own bytes. */
  next(sink?: DataSink): RequestStep | null {
    if (this.unread === 0) return null;
    return this.#body === null ? this.#readHead() : this.#readBody(this.#body, sink);
  }

  #readHead(): RequestStep | null {
    const end = this.#scanner.scan(this.#bytes, this.#at);
    if (end === PARTIAL) return null;
    const head = end === MALFORMED ? null : readRequest(this.#bytes.toString('latin1', this.#at, end));
    if (head === null) return { kind: 'malformed' };
    if (head.body !== 0) this.#body = new Body(head.body);
    return { kind: 'head', head, run: this.#runTo(end) };
  }

  #readBody(body: Body, sink: DataSink | undefined): RequestStep {
    const end = body.walk(this.#bytes, this.#at, sink);
    if (end === MALFORMED) return { kind: 'malformed' };
    if (body.isOver) this.#body = null;
    return { kind: 'body', run: this.#runTo(end) };
  }

  #runTo(end: number): Run {
    const run = { bytes: this.#bytes, from: this.#at, to: end };
    this.#at = end;
    return run;
  }
}
