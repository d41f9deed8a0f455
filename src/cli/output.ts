/**
 * The one way to the terminal: whatever a command prints has passed here, and texts of others are cleaned on the way.
 *
 * A lint rule keeps `process.stdout` and `process.stderr` to this file.
 */
import { type Mark, formatMark, frame } from './marks.ts';
import type { DataFormat, Format } from './output-format.ts';
import { indented, onOneLineEach, oneLine, printable, printableJson } from './printable.ts';
import { type Abilities, type Screen, abilitiesOf, inAscii, widthOf } from './screen.ts';
import { showTrace } from '../trace.ts';
import { wrap } from './wrap.ts';

/** Further lines of an entry stand at least this deep: no text of others can pose as an entry, or as the advice below one. */
const DEEPER = 6;

export interface Entry {
  readonly mark: Mark;
  readonly head: string;
  readonly text: string;
}

/** A mark and a space. */
const MARK_WIDTH = 2;

/** To the first column, and clear the line. */
const CLEAR = '\r\x1b[K';

export class Output {
  readonly #screen: Screen;
  readonly #abilities: Abilities;
  /** False once the reader of a pipe has gone, or the terminal was closed. */
  hasReader = true;

  constructor(screen: Screen, env: NodeJS.ProcessEnv = process.env) {
    this.#screen = screen;
    this.#abilities = abilitiesOf(screen, env);
  }

  get isTerminal(): boolean {
    return this.#screen.isTTY === true;
  }

  /** Whether the last line can show a step that goes on. */
  get redraws(): boolean {
    return this.#abilities.redraws;
  }

  /** A question, whose answer stands on the same line. */
  prompt(text: string): void {
    this.#show(oneLine(text));
  }

  /** One line, whatever is in `text`. */
  line(text: string): void {
    this.#screen.write(this.#lineOf(text));
  }

  /** A text whose further lines are kept, and set off from what follows. */
  paragraph(text: string): void {
    this.#show(`${indented(printable(text))}\n`);
  }

  /** What has a mark: `text` stands in a column of its own beside `head`, wrapped at words on a terminal. */
  entry(mark: Mark, head: string, text: string): void {
    this.#screen.write(this.#entryOf({ mark, head, text }));
  }

  /** Lines and entries in one piece: a reader of the first has all of them. */
  block(parts: readonly (string | Entry)[]): void {
    this.#screen.write(
      parts.map((part) => (typeof part === 'string' ? this.#lineOf(part) : this.#entryOf(part))).join(''),
    );
  }

  #lineOf(text: string): string {
    return this.#written(`${oneLine(text)}\n`);
  }

  #entryOf({ mark, head, text }: Entry): string {
    const first = MARK_WIDTH + head.length;
    const column = { first, indent: Math.max(first, DEEPER), width: widthOf(this.#screen) };
    const body = wrap(this.#written(printable(text)), column);
    return `${this.#written(formatMark(mark, this.#abilities.colours))} ${head}${body}\n`;
  }

  /** Our own text: whole lines, each ended by a line break. */
  text(text: string): void {
    this.#show(printable(text));
  }

  /** What `format` makes of an answer from elsewhere, none of whose texts gets a second line. */
  formatted<T>(answer: T, format: (answer: T) => string): void {
    this.text(format(onOneLineEach(answer)));
  }

  /** The same in the place of what stood there before, as much as the screen holds; where that cannot be, below it. */
  screenful<T>(answer: T, format: (answer: T) => string): void {
    if (!this.redraws) return this.formatted(answer, format);
    const { rows = Infinity } = this.#screen;
    const width = (widthOf(this.#screen) ?? 1) - 1;
    const lines = this.#written(printable(format(onOneLineEach(answer))))
      .split('\n')
      .slice(0, rows);
    // Lines that wrap, or one too many, would move what stands above.
    this.#screen.write(`\x1b[H${lines.map((text) => text.slice(0, width)).join('\x1b[K\n')}\x1b[J`);
  }

  json(data: unknown): void {
    this.#screen.write(`${printableJson(data)}\n`);
  }

  /** An answer in the form that was asked for; `forPeople` makes it readable. */
  async answer<T>(format: Format, answer: T, forPeople: (answer: T) => string): Promise<void> {
    if (format === 'table') return this.formatted(answer, forPeople);
    if (format === 'json') return this.json(answer);
    const { printableYaml } = await import('./printable-yaml.ts');
    this.#screen.write(printableYaml(answer));
  }

  /** Writes one answer after the other: a line of JSON each, or a YAML document. */
  async writer(format: DataFormat): Promise<(data: unknown) => void> {
    if (format === 'json') return (data) => this.json(data);
    const { printableYaml } = await import('./printable-yaml.ts');
    return (data) => this.#screen.write(`---\n${printableYaml(data)}`);
  }

  /** For a program or a file, byte for byte; a terminal gets it cleaned. */
  data(bytes: string | Buffer): void {
    this.#screen.write(this.isTerminal ? printable(bytes.toString()) : bytes);
  }

  /** A step that goes on: the next drawing replaces it; for screens that redraw. */
  running(count: number, text: string): void {
    const line = `${frame(count, this.#abilities.unicode)} ${this.#written(oneLine(text))}`;
    this.#screen.write(`${CLEAR}${line.slice(0, (widthOf(this.#screen) ?? 1) - 1)}`);
  }

  /** Takes it away. */
  clear(): void {
    this.#screen.write(CLEAR);
  }

  #show(text: string): void {
    this.#screen.write(this.#written(text));
  }

  #written(text: string): string {
    return this.#abilities.unicode ? text : inAscii(text);
  }
}

export const out = new Output(process.stdout);
export const err = new Output(process.stderr);

/** Calls of the API and commands, a line each beside the answer. */
export const showVerbose = (): void => showTrace((line) => err.line(line));

/** Of a pipe without a reader, and of a terminal that was closed. */
const UNREAD = new Set(['EPIPE', 'EIO']);

/**
 * The reader may close its end (`mirrord status | head -1`, or the starter of a detached session); the work continues.  `lost` is
 * told when standard output cannot be written for another reason, as on a full disk.
 */
export function outliveReaders(lost: (error: NodeJS.ErrnoException) => void): void {
  process.stderr.on('error', () => undefined);
  // oclif has a listener, which throws: a session would end without order.
  process.stdout.removeAllListeners('error').on('error', (error: NodeJS.ErrnoException) => {
    if (UNREAD.has(error.code ?? '')) out.hasReader = false;
    else lost(error);
  });
}
