/**
 * The template language of configuration files: the part of Tera's that mirrord files use.
 *
 *     {{ get_env(name="X", default="y") }}   {{ key }}   {{ git_branch | default(value="main") }}   {# a comment #}
 *
 * A file is rendered as text before it is parsed, so a value is inserted as it is.  There are no statements (`{% %}`):
 * rendering takes one pass and ends.
 */
import { Expression, TemplateError, type TemplateValues } from './template-expression.ts';

export { TemplateError } from './template-expression.ts';

export interface Rendered {
  readonly text: string;
  /** For each line of `text`, from 0, the line of the source, from 1: an inserted value may have lines of its own. */
  readonly lines: readonly number[];
}

/** Rendered text is bounded, whatever the variables hold; characters. */
const MAX_RENDERED = 8 * 1024 * 1024;

export function renderTemplate(source: string, values: TemplateValues): Rendered {
  const output = new Output();
  let at = 0;
  let line = 1;
  const advance = (to: number): void => {
    line += count(source.slice(at, to));
    at = to;
  };
  let trim = false;
  for (;;) {
    const open = nextTag(source, at);
    const end = open < 0 ? source.length : open;
    const trimEnd = open >= 0 && source[open + 2] === '-';
    output.copy(source.slice(at, end), line, trim, trimEnd);
    advance(end);
    if (open < 0) return output.done();
    const start = line;
    const kind = source[open + 1];
    if (kind === '%') throw new TemplateError(start, '`{% %}` is not supported; use `{{ }}` and `{# #}` only');
    const close = closingTag(source, open + 2, kind === '#' ? '#}' : '}}');
    if (close < 0) throw new TemplateError(start, `\`{${kind}\` is not closed`);
    trim = source[close - 1] === '-';
    if (kind === '{') {
      const inner = source.slice(open + (trimEnd ? 3 : 2), trim ? close - 1 : close);
      output.insert(new Expression(inner, start, values).evaluate(), start);
    }
    advance(close + 2);
    if (output.length > MAX_RENDERED)
      throw new TemplateError(start, `the rendered file exceeds ${MAX_RENDERED} characters`);
  }
}

/** Collects the text and where its lines came from. */
class Output {
  length = 0;
  readonly #parts: string[] = [];
  readonly #lines: number[] = [1];
  #fresh = true;

  copy(text: string, line: number, trimStart: boolean, trimEnd: boolean): void {
    let kept = text;
    let first = line;
    if (trimStart) {
      kept = kept.trimStart();
      first += count(text.slice(0, text.length - kept.length));
    }
    if (trimEnd) kept = kept.trimEnd();
    this.#add(kept, first, 1);
  }

  insert(text: string, line: number): void {
    this.#add(text, line, 0);
  }

  done(): Rendered {
    return { text: this.#parts.join(''), lines: this.#lines };
  }

  #add(text: string, line: number, step: 0 | 1): void {
    if (text === '') return;
    if (this.#fresh) this.#lines[this.#lines.length - 1] = line;
    let current = line;
    for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) {
      current += step;
      this.#lines.push(current);
    }
    this.#fresh = text.endsWith('\n');
    this.length += text.length;
    this.#parts.push(text);
  }
}

function nextTag(source: string, from: number): number {
  for (let at = source.indexOf('{', from); at >= 0; at = source.indexOf('{', at + 1)) {
    const next = source[at + 1];
    if (next === '{' || next === '%' || next === '#') return at;
  }
  return -1;
}

/** The end of a tag; inside `{{ }}` quoted text may hold anything. */
function closingTag(source: string, from: number, mark: string): number {
  if (mark === '#}') return source.indexOf(mark, from);
  let quote = '';
  for (let at = from; at < source.length; at++) {
    const character = source[at];
    if (quote !== '') {
      if (character === quote) quote = '';
    } else if (character === '"' || character === "'" || character === '`') {
      quote = character;
    } else if (source.startsWith(mark, at)) {
      return at;
    }
  }
  return -1;
}

function count(text: string): number {
  return text.split('\n').length - 1;
}
