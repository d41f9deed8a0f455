/**
 * Follows the answers in what one side sends, so that it is known when the requests are answered.  Bytes pass as they
 * are; a head waits until it is whole.
 */
import { isStatusLine, readAnswer } from './answer-head.ts';
import { Body } from './body.ts';
import { HeadScanner, MALFORMED, PARTIAL } from './head-scanner.ts';
import type { RequestHead } from './request-head.ts';

/**
 * `more`: answers are owed.  `answered`: none is.  The others come with bytes that were not passed on (`takeRest`).
 * `unasked`: they answer nothing.  `switched`: an answer that begins another protocol, both ways.  `malformed`: an answer
 * whose end is not clear.
 */
export type AnswerState = 'more' | 'answered' | 'unasked' | 'switched' | 'malformed';

const EMPTY: Buffer = Buffer.alloc(0);

export class AnswerReader {
  readonly #requests: RequestHead[] = [];
  readonly #scanner = new HeadScanner(isStatusLine);
  #body: Body | null = null;
  #rest = EMPTY;
  #closes = false;

  /** Requests without a whole answer. */
  get owed(): number {
    return this.#requests.length;
  }

  /** The head of the first answer that is owed has been passed on; an interim one (1xx) does not count. */
  get hasBegun(): boolean {
    return this.#body !== null;
  }

  /** The latest whole answer said that its sender hangs up. */
  get closes(): boolean {
    return this.#closes;
  }

  /** What was not passed on; it is forgotten here. */
  takeRest(): Buffer {
    const rest = this.#rest;
    this.#rest = EMPTY;
    return rest;
  }

  expect(request: RequestHead): void {
    this.#requests.push(request);
  }

  /** `pass` gets what belongs to answers. */
  push(more: Buffer, pass: (bytes: Buffer) => void): AnswerState {
    const bytes = this.#rest.length === 0 ? more : Buffer.concat([this.#rest, more]);
    let at = 0;
    let state: AnswerState = 'more';
    while (at < bytes.length) {
      const end = this.#body === null ? this.#readHead(bytes, at) : this.#readBody(this.#body, bytes, at);
      if (end === PARTIAL) break;
      if (typeof end === 'string') {
        state = end;
        break;
      }
      at = end;
    }
    this.#rest = bytes.subarray(at);
    if (at > 0) pass(at === bytes.length ? bytes : bytes.subarray(0, at));
    return state === 'more' && this.owed === 0 ? 'answered' : state;
  }

  /** The side has hung up: whether that completes the answer that was under way. */
  end(): boolean {
    if (this.#body?.extent !== 'until-close') return false;
    this.#complete();
    return true;
  }

  #readHead(bytes: Buffer, at: number): number | AnswerState {
    const request = this.#requests[0];
    if (request === undefined) return 'unasked';
    const end = this.#scanner.scan(bytes, at);
    if (end === PARTIAL) return PARTIAL;
    const head = end === MALFORMED ? null : readAnswer(bytes.toString('latin1', at, end), request);
    if (head === null) return 'malformed';
    if (head.switches) return 'switched';
    if (!head.isInterim) {
      this.#closes = head.closes;
      this.#body = new Body(head.body);
      if (this.#body.isOver) this.#complete();
    }
    return end;
  }

  #readBody(body: Body, bytes: Buffer, at: number): number | AnswerState {
    const end = body.walk(bytes, at);
    if (end === MALFORMED) return 'malformed';
    if (body.isOver) this.#complete();
    return end;
  }

  #complete(): void {
    this.#body = null;
    this.#requests.shift();
  }
}
