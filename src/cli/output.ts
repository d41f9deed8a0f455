/**
 * The one way to the terminal: whatever a command prints has passed here, and texts of others are cleaned on the way.
 *
 * A lint rule keeps `process.stdout` and `process.stderr` to this file.
 */
import { indented, onOneLineEach, oneLine, printable, printableJson } from './printable.ts';

/** What of a stream is needed here; `process.stdout` is one. */
export interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string | Buffer): unknown;
}

/** Of a terminal that does not tell its width. */
const COLUMNS = 80;

export class Output {
  readonly #screen: Screen;

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  get isTerminal(): boolean {
    return this.#screen.isTTY === true;
  }

  /** One line, whatever is in `text`. */
  line(text: string): void {
    this.#screen.write(`${oneLine(text)}\n`);
  }

  /** A question, whose answer stands on the same line. */
  prompt(text: string): void {
    this.#screen.write(oneLine(text));
  }

  /** An entry of a list: its own further lines are kept, and set off from the next entry. */
  paragraph(text: string): void {
    this.#screen.write(`${indented(printable(text))}\n`);
  }

  /** Our own text: whole lines, each ended by a line break. */
  text(text: string): void {
    this.#screen.write(printable(text));
  }

  /** What `format` makes of an answer from elsewhere, none of whose texts gets a second line. */
  formatted<T>(answer: T, format: (answer: T) => string): void {
    this.text(format(onOneLineEach(answer)));
  }

  json(data: unknown): void {
    this.#screen.write(`${printableJson(data)}\n`);
  }

  /** For a program or a file, byte for byte; a terminal gets it cleaned. */
  data(bytes: string | Buffer): void {
    this.#screen.write(this.isTerminal ? printable(bytes.toString()) : bytes);
  }

  /** A line that the next one replaces, and the empty one takes away; for terminals. */
  redraw(text: string): void {
    const width = (this.#screen.columns ?? COLUMNS) - 1;
    this.#screen.write(`\r\x1b[K${oneLine(text).slice(0, width)}`);
  }
}

export const out = new Output(process.stdout);
export const err = new Output(process.stderr);

/** Of a pipe without a reader, and of a terminal that was closed. */
const UNREAD = new Set(['EPIPE', 'EIO']);

/**
 * Who reads may go away (`mirrord status | head -1`, or the starter of a detached session); the work goes on.  `lost` is
 * told when standard output cannot be written for another reason, as on a full disk.
 */
export function outliveReaders(lost: (error: NodeJS.ErrnoException) => void): void {
  process.stderr.on('error', () => undefined);
  // oclif has a listener, which throws: a session would end without order.
  process.stdout.removeAllListeners('error').on('error', (error: NodeJS.ErrnoException) => {
    if (!UNREAD.has(error.code ?? '')) lost(error);
  });
}
