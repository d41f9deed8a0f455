/**
 * Shows the steps of a long work: on a terminal the running one lives on the last line; piped, each that ended is one
 * plain line.
 */
import type { Progress } from '../ipc/protocol.ts';
import type { Output } from './output.ts';

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 80;
const MARKS = { done: '✔', warning: '!' } as const;

export class Steps {
  readonly #output: Output;
  #running: string | undefined;
  #frame = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(output: Output) {
    this.#output = output;
  }

  show({ state, text }: Progress): void {
    if (state === 'running') {
      this.#running = text;
      if (this.#output.isTerminal) {
        this.#timer ??= setInterval(() => this.#draw(), FRAME_MS);
        this.#draw();
      }
      return;
    }
    this.line(`${MARKS[state]} ${text}`);
  }

  /** An entry that stays. */
  line(text: string): void {
    this.stop();
    this.#output.paragraph(text);
  }

  /** Takes the running line away; the last thing before anybody else writes. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    if (this.#running !== undefined && this.#output.isTerminal) this.#output.redraw('');
    this.#running = undefined;
  }

  #draw(): void {
    const mark = FRAMES[this.#frame++ % FRAMES.length] ?? '';
    this.#output.redraw(`${mark} ${this.#running ?? ''}`);
  }
}
