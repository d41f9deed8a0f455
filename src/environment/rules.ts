/** `feature.env.*` of the configuration, checked and compiled. */
import { MirrordError } from '../errors.ts';

export interface EnvironmentSettings {
  /** Wildcards `*` and `?`; a text is a list separated by `;`. */
  readonly include?: string | readonly string[] | undefined;
  readonly exclude?: string | readonly string[] | undefined;
  readonly override?: Readonly<Record<string, string>> | undefined;
  /** Regular expression on the name to the value that replaces the one it has; the first that matches counts. */
  readonly mapping?: Readonly<Record<string, string>> | undefined;
  readonly unset?: string | readonly string[] | undefined;
}

export interface EnvironmentRules {
  readonly include: readonly Pattern[] | undefined;
  readonly exclude: readonly Pattern[];
  readonly mapping: readonly { readonly name: RegExp; readonly value: string }[];
  readonly override: readonly (readonly [string, string])[];
  /** In lower case: `unset` does not look at case, as existing configurations expect. */
  readonly unset: ReadonlySet<string>;
}

export interface Pattern {
  /** Set when the pattern has no wildcard: then it names one variable, and means it. */
  readonly literal: string | undefined;
  readonly expression: RegExp;
}

/** Errors: `env-include-exclude`, `env-mapping-invalid`. */
export function compileRules(settings: EnvironmentSettings): EnvironmentRules {
  const include = settings.include === undefined ? undefined : listed(settings.include);
  const exclude = listed(settings.exclude ?? []);
  if (include !== undefined && exclude.length > 0) {
    throw new MirrordError('usage', 'env-include-exclude', 'feature.env has both include and exclude.', {
      help: 'Keep one: include takes nothing but what it lists, so there is nothing to exclude.',
    });
  }
  return {
    include: include?.map(pattern),
    exclude: exclude.map(pattern),
    mapping: Object.entries(settings.mapping ?? {}).map(([source, value]) => ({ name: expression(source), value })),
    override: Object.entries(settings.override ?? {}),
    unset: new Set(listed(settings.unset ?? []).map((name) => name.toLowerCase())),
  };
}

function listed(value: string | readonly string[]): readonly string[] {
  const items = typeof value === 'string' ? value.split(';') : value;
  return items.map((item) => item.trim()).filter((item) => item !== '');
}

function pattern(text: string): Pattern {
  const source = text
    .replace(/[\\^$.|+()[\]{}]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return { literal: /[*?]/.test(text) ? undefined : text, expression: new RegExp(`^${source}$`, 's') };
}

/** What configurations written for Rust's regular expressions hold and JavaScript's take for something else. */
const CLASSES: Readonly<Record<string, string>> = {
  alpha: 'a-zA-Z',
  digit: '0-9',
  alnum: 'a-zA-Z0-9',
  upper: 'A-Z',
  lower: 'a-z',
  word: '\\w',
  xdigit: '0-9a-fA-F',
  space: '\\s',
};

/** Throws a `SyntaxError` for what is not an expression in the stricter grammar; the configuration's check. */
export function checkExpression(source: string): void {
  const { text, flags } = translate(source);
  RegExp(text, `${flags}u`);
}

function translate(source: string): { readonly text: string; readonly flags: string } {
  const ignoresCase = source.startsWith('(?i)');
  const text = (ignoresCase ? source.slice(4) : source)
    .replaceAll('(?P<', '(?<')
    .replaceAll(/\[:(\w+):\]/g, (whole, name: string) => CLASSES[name] ?? whole);
  return { text, flags: ignoresCase ? 'i' : '' };
}

function expression(source: string): RegExp {
  const { text, flags } = translate(source);
  try {
    // With Unicode's stricter grammar first, in which \p{...} means what it does elsewhere; escapes like \- are old style.
    return valid(text, `${flags}u`) ?? new RegExp(text, flags);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new MirrordError('usage', 'env-mapping-invalid', `feature.env.mapping: ${reason}.`, {
      help: 'The key is a regular expression on the name: a dot matches any character, `\\.` a dot.',
      cause,
    });
  }
}

function valid(source: string, flags: string): RegExp | undefined {
  try {
    return new RegExp(source, flags);
  } catch {
    return undefined;
  }
}
