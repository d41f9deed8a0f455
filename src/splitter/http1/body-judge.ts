/** A request that is judged by its body: kept here until there is enough of it, or too much. */
import { FILTERED_BODY_LIMIT, FILTERED_BODY_WAIT_MS } from '../limits.ts';
import type { RequestHead } from './request-head.ts';
import type { Run } from './request-reader.ts';

export class BodyJudge {
  readonly head: RequestHead;
  /** Head and body as they came. */
  readonly runs: Run[];
  readonly #data: Buffer[] = [];
  #size = 0;
  #dataSize = 0;
  readonly #timer: NodeJS.Timeout;

  /** `late`: called when the body takes too long. */
  constructor(head: RequestHead, run: Run, late: () => void) {
    this.head = head;
    this.runs = [run];
    this.#timer = setTimeout(late, FILTERED_BODY_WAIT_MS);
  }

  readonly sink = (bytes: Buffer, from: number, to: number): void => {
    this.#dataSize += to - from;
    this.#data.push(bytes.subarray(from, to));
  };

  add(run: Run): void {
    this.#size += run.to - run.from;
    this.runs.push(run);
  }

  /** Also by its chunk sizes, which can be most of it. */
  get isTooLong(): boolean {
    return this.#dataSize > FILTERED_BODY_LIMIT || this.#size > 2 * FILTERED_BODY_LIMIT;
  }

  get body(): Buffer {
    return Buffer.concat(this.#data);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
