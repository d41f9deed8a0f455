/**
 * Shows the steps of a long work: on a terminal the running one lives on the last line; piped, each that ended is one
 * plain line.
 */
import type { Progress } from '../ipc/protocol.ts';
import { printable } from './printable.ts';

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 80;
const MARKS = { done: '✔', warning: '!' } as const;

/** What of a stream is needed here; `process.stdout` is one. */
export interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export class Steps {
  readonly #screen: Screen;
  #running: string | undefined;
  #frame = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  show({ state, text: said }: Progress): void {
    const text = printable(said);
    if (state === 'running') {
      // It is drawn again and again in its place, which is one line.
      this.#running = text.replaceAll(/[\n\t]+/g, ' ');
      if (this.#screen.isTTY === true) {
        this.#timer ??= setInterval(() => this.#draw(), FRAME_MS);
        this.#draw();
      }
      return;
    }
    this.line(`${MARKS[state]} ${text}`);
  }

  /** A line that stays. */
  line(text: string): void {
    this.stop();
    this.#screen.write(`${text}\n`);
  }

  /** Takes the running line away; the last thing before anybody else writes. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    if (this.#running !== undefined && this.#screen.isTTY === true) this.#screen.write('\r\x1b[K');
    this.#running = undefined;
  }

  #draw(): void {
    const mark = FRAMES[this.#frame++ % FRAMES.length] ?? '';
    const width = (this.#screen.columns ?? 80) - 1;
    this.#screen.write(`\r\x1b[K${`${mark} ${this.#running ?? ''}`.slice(0, width)}`);
  }
}
