/** The marks in front of what a command has to say. */

export type Mark = 'done' | 'warning' | 'failed' | 'skipped' | 'none';

const SIGNS: Readonly<Record<Mark, string>> = { done: '✔', warning: '!', failed: '✘', skipped: '-', none: ' ' };

/** Select Graphic Rendition (ECMA-48, 8.3.117): green, yellow, red, faint. */
const COLOURS: Readonly<Record<Mark, number | null>> = { done: 32, warning: 33, failed: 31, skipped: 2, none: null };

export function formatMark(mark: Mark, colours: boolean): string {
  const colour = COLOURS[mark];
  return colours && colour !== null ? `\x1b[${colour}m${SIGNS[mark]}\x1b[0m` : SIGNS[mark];
}

/** What turns while a step goes on. */
const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const ASCII_FRAMES = ['|', '/', '-', '\\'];

export function frame(number: number, unicode: boolean): string {
  const frames = unicode ? FRAMES : ASCII_FRAMES;
  return frames[number % frames.length] ?? '';
}
