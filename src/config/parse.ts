import { randomBytes } from 'node:crypto';
import { MirrordError } from '../errors.ts';
import { readDocument } from './document.ts';
import type { Source } from './source.ts';
import { SyntaxFaults, type Document } from './syntax.ts';
import { renderTemplate, TemplateError, type Rendered } from './template.ts';
import { isTree } from './tree.ts';
import { defined } from '../defined.ts';

export interface ParseContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** From the command line or the environment, which go before the file. */
  readonly key: string | undefined;
  /** Used where none is given. */
  readonly madeUpKey: string;
  readonly gitBranch: string | undefined;
}

export interface ParsedSource {
  readonly document: Document;
  /** The session's key: given, or the file's, or the one that was made up. */
  readonly key: string;
}

/** Eight letters and digits: enough to tell a team's sessions apart, short enough for a header. */
export function randomKey(): string {
  return randomBytes(4).toString('hex');
}

/**
 * Renders and parses.  `{{ key }}` may be used in the very file that gives `key`, so such a file is rendered twice: with a
 * made-up key to find its own, then with that one.
 */
export async function parseSource(source: Source, context: ParseContext): Promise<ParsedSource> {
  const { madeUpKey } = context;
  const first = await parseWith(source, context, context.key ?? madeUpKey);
  const own = isTree(first.document.value) ? first.document.value['key'] : undefined;
  if (context.key !== undefined || typeof own !== 'string')
    return { document: first.document, key: context.key ?? madeUpKey };
  if (!first.usesKey) return { document: first.document, key: own };
  if (own.includes(madeUpKey)) {
    throw templateError(source, first.document.line(['key']), '`key` stands for itself, without end');
  }
  return { document: (await parseWith(source, context, own)).document, key: own };
}

async function parseWith(
  source: Source,
  { env, gitBranch }: ParseContext,
  key: string,
): Promise<{ document: Document; usesKey: boolean }> {
  let usesKey = false;
  const variables = {
    git_branch: gitBranch,
    get key(): string {
      usesKey = true;
      return key;
    },
  };
  let rendered: Rendered;
  try {
    rendered = renderTemplate(source.text, { env, variables });
  } catch (error) {
    if (error instanceof TemplateError) throw templateError(source, error.line, error.message);
    throw error;
  }
  if (rendered.text.trim() === '')
    throw syntaxError([`${source.name}: the file is empty`], 'Write {} to take every default.');
  return { document: await parseRendered(source, rendered), usesKey };
}

async function parseRendered(source: Source, { text, lines }: Rendered): Promise<Document> {
  const sourceLine = (line: number): number => lines[Math.min(line, lines.length) - 1] ?? line;
  try {
    const document = await readDocument(text, source.format);
    return { value: document.value, line: (path) => sourceLine(document.line(path)) };
  } catch (error) {
    if (error instanceof RangeError) throw syntaxError([`${source.name}: it is nested too deeply`]);
    if (!(error instanceof SyntaxFaults)) throw error;
    throw syntaxError(
      error.faults.map(
        ({ line, reason, key }) =>
          `${source.name}:${sourceLine(line)}: ${key === undefined ? '' : `${key}: `}${reason}`,
      ),
    );
  }
}

function templateError(source: Source, line: number, reason: string): MirrordError {
  return new MirrordError('usage', 'config-template', `${source.name}:${line}: the template fails: ${reason}.`, {
    help: 'Templates can use {{ get_env(name="X", default="y") }}, {{ key }} and {{ git_branch | default(value="main") }}.',
  });
}

function syntaxError(lines: readonly string[], help?: string): MirrordError {
  const message = lines.length === 1 ? `${lines[0]}.` : lines.join('\n');
  return new MirrordError('usage', 'config-syntax', message, defined({ help }));
}
