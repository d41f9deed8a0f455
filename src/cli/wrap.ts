/** Text within a width, broken at words. */

/** Narrower than this a column of words is harder to read than lines that the terminal breaks. */
const LEAST_COLUMNS = 20;

export interface Column {
  /** Where the first line begins, and all further ones. */
  readonly first: number;
  readonly indent: number;
  /** Of the whole screen; null: only the text's own line breaks are kept. */
  readonly width: number | null;
}

/** What follows the head of an entry.  A word that is longer than the column stays whole, so that it can be copied. */
export function wrap(text: string, { first, indent, width }: Column): string {
  const room = width === null || width - indent < LEAST_COLUMNS ? Infinity : width;
  let column = first;
  const lines = text.split('\n').map((line, number) => {
    if (number > 0) column = indent;
    let wrapped = '';
    for (const [, gap = '', word = ''] of line.matchAll(/(\s*)(\S+)/g)) {
      const isFirst = wrapped === '';
      if (!isFirst && column + gap.length + word.length > room) {
        wrapped += `\n${' '.repeat(indent)}${word}`;
        column = indent + word.length;
      } else {
        wrapped += gap + word;
        column += gap.length + word.length;
      }
    }
    return wrapped;
  });
  return lines.join(`\n${' '.repeat(indent)}`);
}
