/**
 * The side of the picked requests: dialled for the first of them, used for one after the other, dialled again when it
 * has hung up in between.
 */
import { REPLAY_LIMIT } from '../limits.ts';
import type { BytePipe } from '../pipe.ts';
import type { RequestHead } from './request-head.ts';
import type { Run } from './request-reader.ts';
import { Side } from './side.ts';

/** A request may go twice when a second time changes nothing (RFC 9110, section 9.2.2). */
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

export interface PickedEvents {
  data(side: Side, bytes: Buffer): void;
  /** Its end completes the answer under way. */
  completed(): void;
  /** The answer under way stops in the middle. */
  cut(wasReset: boolean): void;
  /** Nothing of an answer came.  `replay`: the request so far, when it can go elsewhere. */
  failed(head: RequestHead, reason: string, replay: readonly Run[] | null): void;
  drained(): void;
}

export class PickedSide {
  readonly #dial: () => Promise<BytePipe>;
  readonly #events: PickedEvents;
  #side: Side | null = null;
  #isDialling = false;
  #isOver = false;
  /** The request under way. */
  #head: RequestHead | null = null;
  #sent: Run[] = [];
  #sentBytes = 0;
  /** The connection has answered before. */
  #isReused = false;

  constructor(dial: () => Promise<BytePipe>, events: PickedEvents) {
    this.#dial = dial;
    this.#events = events;
  }

  get side(): Side | null {
    return this.#side;
  }

  /** A request waits for its answer. */
  get isBusy(): boolean {
    return this.#head !== null;
  }

  /** What it may take is on the way, or kept until it is dialled. */
  get isFull(): boolean {
    return this.#side?.line.isFull ?? (this.#isDialling && !this.#isReplayable);
  }

  begin(head: RequestHead): void {
    this.#head = head;
    this.#sent = [];
    this.#sentBytes = 0;
    this.#isReused = this.#side !== null;
    if (this.#side === null) this.#redial(head);
    else this.#side.begin(head);
  }

  put(run: Run): void {
    if (this.#head === null) return this.#side?.put(run);
    this.#sentBytes += run.to - run.from;
    if (this.#side === null || this.#isReplayable) this.#sent.push(run);
    else this.#sent = [];
    this.#side?.put(run);
  }

  /** The request has its answer. */
  finish(): void {
    this.#head = null;
    this.#sent = [];
  }

  /** Drops the connection; the next request dials again. */
  hangUp(): void {
    this.#side?.reset();
    this.#side = null;
  }

  close(): void {
    this.#isOver = true;
    this.hangUp();
  }

  /** The connection is of no use any more, as its bytes show. */
  fail(reason: string): void {
    this.hangUp();
    if (this.#head !== null) this.#fail(this.#head, reason, null);
  }

  get #isReplayable(): boolean {
    return this.#sentBytes <= REPLAY_LIMIT;
  }

  #redial(head: RequestHead): void {
    this.#isDialling = true;
    this.#dial().then(
      (pipe) => this.#opened(pipe, head),
      (error: unknown) => {
        this.#isDialling = false;
        if (this.#isOver) return;
        const reason = error instanceof Error ? error.message : String(error);
        this.#fail(head, reason, this.#isReplayable ? this.#sent : null);
      },
    );
  }

  #opened(pipe: BytePipe, head: RequestHead): void {
    this.#isDialling = false;
    if (this.#isOver) return pipe.reset();
    const side = new Side(pipe, {
      data: (bytes) => this.#events.data(side, bytes),
      hungUp: () => this.#gone(side, false),
      lost: () => this.#gone(side, true),
      drained: () => this.#events.drained(),
    });
    this.#side = side;
    side.begin(head);
    for (const run of this.#sent) side.put(run);
    if (!this.#isReplayable) this.#sent = [];
    this.#events.drained();
  }

  #gone(side: Side, wasReset: boolean): void {
    if (!wasReset) side.line.end();
    if (this.#side !== side) return;
    this.#side = null;
    const head = this.#head;
    if (head === null) return;
    if (!wasReset && side.answers.end()) return this.#events.completed();
    if (side.answers.hasBegun) return this.#events.cut(wasReset);
    // A server may hang up just when a request is on its way (RFC 9112, section 9.3.1).
    if (this.#isReused && this.#isReplayable && IDEMPOTENT.has(head.method)) {
      this.#isReused = false;
      return this.#redial(head);
    }
    this.#fail(head, 'the connection was closed', null);
  }

  #fail(head: RequestHead, reason: string, replay: readonly Run[] | null): void {
    this.finish();
    this.#events.failed(head, reason, replay);
  }
}
