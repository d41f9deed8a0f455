/**
 * The `.env` dialect: one `NAME=VALUE` a line.
 *
 * - `export` in front and blanks around `=` are accepted; `#` begins a comment at the start of a line or after a blank.
 * - 'single' and `back` quotes hold their text as it is; "double" quotes know \n \r \t \" \\ \$ \` and keep every other
 *   backslash.  Quoted values may go over several lines.
 * - Without quotes a value ends with its line, blanks around it removed.
 * - `$` means nothing: a password with a dollar sign stays a password.
 * - The last of several lines with one name counts.
 */
import { MirrordError } from '../errors.ts';
import { isPassable, type Variables } from './variables.ts';

const ASSIGNMENT = /[ \t]*(?:export[ \t]+)?([A-Za-z_][\w.-]*)[ \t]*=[ \t]*/y;
const QUOTED = { "'": /'([^']*)'/y, '"': /"((?:[^"\\]|\\[^])*)"/y, '`': /`([^`]*)`/y } as const;
const REST_OF_LINE = /[^\n]*/y;
const NOTHING_MORE = /[ \t]*(?:#[^\n]*)?(?:\r?\n|\r?$)/y;
const BLANK_LINE = /[ \t]*(?:#[^\n]*)?(?:\r?\n|\r?$)/y;

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\', $: '$', '`': '`' };

/** `file` is for the error `env-file-invalid`, which names the line and, since it may be a secret, never quotes it. */
export function parseEnvFile(file: string, text: string): Variables {
  const variables = new Map<string, string>();
  const source = text.replace(/^\uFEFF/, '');
  let position = 0;

  const take = (expression: RegExp): RegExpExecArray | null => {
    expression.lastIndex = position;
    const match = expression.exec(source);
    if (match !== null) position = expression.lastIndex;
    return match;
  };
  const fail = (reason: string, at: number): MirrordError => {
    const line = source.slice(0, at).split('\n').length;
    return new MirrordError('usage', 'env-file-invalid', `Environment file ${file}, line ${line}: ${reason}.`, {
      help: "Write NAME=VALUE, or NAME='VALUE' if the value contains spaces, # or line breaks.",
    });
  };

  while (position < source.length) {
    if (take(BLANK_LINE) !== null) continue;
    const start = position;
    const name = take(ASSIGNMENT)?.[1];
    if (name === undefined) throw fail('it does not start with NAME=', start);
    const quote = source[position];
    let value: string;
    if (quote === "'" || quote === '"' || quote === '`') {
      const content = take(QUOTED[quote])?.[1];
      if (content === undefined) throw fail(`the quote ${quote} of ${name} is never closed`, start);
      value = quote === '"' ? unescaped(content) : content;
      if (take(NOTHING_MORE) === null) throw fail(`there is more after the closing quote of ${name}`, position);
    } else {
      value = (take(REST_OF_LINE)?.[0] ?? '').replace(/(^|[ \t])#.*$/, '').trim();
      position++;
    }
    if (!isPassable(name, value))
      throw fail(`the value of ${name} contains a NUL byte, which no environment can hold`, start);
    variables.set(name, value);
  }
  return variables;
}

function unescaped(content: string): string {
  return content.replace(/\\([^])/g, (whole, letter: string) => ESCAPES[letter] ?? whole);
}
