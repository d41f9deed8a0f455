/** What a screen can show: colours, characters beyond ASCII, a line that is drawn again; and how wide it is. */

/** What of a stream is needed here; `process.stdout` is one. */
export interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(text: string | Buffer): unknown;
}

export interface Abilities {
  /** ECMA-48's colours.  Not where NO_COLOR is set (https://no-color.org), nor on a dumb terminal. */
  readonly colours: boolean;
  /** Whether the last line can be drawn again. */
  readonly redraws: boolean;
  /** Whether the locale says UTF-8; otherwise ASCII stands in for what is beyond it. */
  readonly unicode: boolean;
}

/** Of a terminal that does not tell its width. */
const COLUMNS = 80;

export function abilitiesOf({ isTTY }: Screen, env: NodeJS.ProcessEnv): Abilities {
  const redraws = isTTY === true && env['TERM'] !== 'dumb';
  return { colours: redraws && !env['NO_COLOR'], redraws, unicode: /utf-?8/i.test(localeOf(env)) };
}

/** Columns of a terminal; null where text is not wrapped.  Read each time, since a window may be resized. */
export const widthOf = ({ isTTY, columns }: Screen): number | null => (isTTY === true ? columns || COLUMNS : null);

/** By the first of these that is set and not empty (POSIX, section 8.2). */
const localeOf = (env: NodeJS.ProcessEnv): string => env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '';

const STAND_INS: Readonly<Record<string, string>> = {
  '✔': '+',
  '✘': 'x',
  '→': '->',
  '·': '|',
  '…': '...',
};

/** Of our own signs; a text of others stays as it is otherwise. */
export const inAscii = (text: string): string => text.replaceAll(/[✔✘→·…]/g, (sign) => STAND_INS[sign] ?? sign);
