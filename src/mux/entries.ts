/** What has a number in the multiplexer, until it is over: flows and questions, of either end. */
import type { MuxDatagrams } from './datagrams.ts';
import { parseErrno } from './errno.ts';
import type { DialErrno, DialOutcome } from './flow.ts';
import { STREAM_LIMIT } from './limits.ts';
import type { MuxStream } from './stream.ts';

const LARGEST_NUMBER = 0xffff_ffff;
const OK: DialOutcome = { ok: true };
export const LOST: DialOutcome = { ok: false, errno: 'ECONNRESET' };

export interface Entry {
  readonly stream?: MuxStream;
  readonly datagrams?: MuxDatagrams;
  /** What became of the opening, or the answer to a question, while it is awaited. */
  opened?: ((outcome: DialOutcome) => void) | undefined;
  answered?: ((answer: Buffer | DialErrno) => void) | undefined;
  /** A question of the other end, for which an answer is sought. */
  readonly question?: AbortController;
}

/** By number; the client's are odd, the agent's even. */
export class Entries extends Map<number, Entry> {
  #next: number;

  constructor(isClient: boolean) {
    super();
    this.#next = isClient ? 1 : 2;
  }

  get isFull(): boolean {
    return this.size >= STREAM_LIMIT;
  }

  /** A number for what this end opens. */
  takeNumber(): number {
    const number = this.#next;
    // 2^31 flows of one session: at 10,000 a second that is two and a half days.  Numbers in use are passed over.
    do this.#next = this.#next + 2 > LARGEST_NUMBER ? this.#next & 1 || 2 : this.#next + 2;
    while (this.has(this.#next));
    return number;
  }

  /** Whether the other end may open something under that number. */
  mayBeTheirs(number: number): boolean {
    return number !== 0 && (number & 1) !== (this.#next & 1) && !this.has(number);
  }
}

/* ---- what is told to those who wait for an entry ---- */

export function accepted(entry: Entry): void {
  entry.opened?.(OK);
  entry.opened = undefined;
}

export function refused(entry: Entry, text: string): void {
  const errno = parseErrno(text);
  entry.answered?.(errno);
  if (entry.opened !== undefined) {
    entry.opened({ ok: false, errno });
    entry.opened = undefined;
    // The outcome has told it all.
    discard(entry);
  }
  entry.stream?.lost();
  entry.datagrams?.refused(errno);
}

export function lost(entry: Entry): void {
  entry.opened?.(LOST);
  entry.opened = undefined;
  entry.answered?.('ECONNRESET');
  entry.question?.abort();
  entry.stream?.lost();
  entry.datagrams?.lost();
}

/** Of its flow nothing more is told. */
export function discard(entry: Entry): void {
  entry.stream?.discard();
  entry.datagrams?.discard();
}
