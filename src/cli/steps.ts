/**
 * Shows the steps of a long work: on a terminal the running one lives on the last line; piped, each that ended is one
 * plain line.
 */
import type { Mark } from './marks.ts';
import type { Entry, Output } from './output.ts';

const FRAME_MS = 80;
/** Labels stand in a column of their own. */
const LABEL_WIDTH = 10;

export const labelled = (label: string): string => label.padEnd(LABEL_WIDTH);

export class Steps {
  readonly #output: Output;
  #running: string | undefined;
  #frame = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(output: Output) {
    this.#output = output;
  }

  /** What goes on now; the next call of any kind ends it. */
  run(head: string, text: string): void {
    this.#running = head + text;
    if (!this.#output.redraws) return;
    this.#timer ??= setInterval(() => this.#draw(), FRAME_MS);
    this.#draw();
  }

  /** An entry that stays. */
  entry(mark: Mark, head: string, text: string): void {
    this.stop();
    this.#output.entry(mark, head, text);
  }

  /** Lines and entries that stay, in one piece. */
  block(parts: readonly (string | Entry)[]): void {
    this.stop();
    this.#output.block(parts);
  }

  /** A line that stays. */
  line(text: string): void {
    this.stop();
    this.#output.line(text);
  }

  /** Takes the running line away; the last thing before anybody else writes. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    if (this.#running !== undefined && this.#output.redraws) this.#output.clear();
    this.#running = undefined;
  }

  #draw(): void {
    this.#output.running(this.#frame++, this.#running ?? '');
  }
}
