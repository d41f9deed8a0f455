import { sorted, type Variables } from './variables.ts';

export const ENVIRONMENT_FORMATS = ['dotenv', 'json', 'shell', 'docker'] as const;
export type EnvironmentFormat = (typeof ENVIRONMENT_FORMATS)[number];

export interface WrittenEnvironment {
  readonly text: string;
  /** What the format cannot express; it is left out rather than written as something else. */
  readonly omitted: readonly { readonly name: string; readonly reason: string }[];
  /** Names of what is written as well as it can be, and is read differently by different readers all the same. */
  readonly doubtful: readonly string[];
}

/** One line for a variable, or why there can be none. */
type WriteLine = (
  name: string,
  value: string,
) => { readonly line: string; readonly isDoubtful?: boolean } | { readonly reason: string };

const LINES: Readonly<Record<Exclude<EnvironmentFormat, 'json'>, WriteLine>> = { dotenv, shell, docker };

export function writeEnvironment(variables: Variables, format: EnvironmentFormat): WrittenEnvironment {
  const entries = sorted(variables);
  const lines: string[] = [];
  const omitted: { name: string; reason: string }[] = [];
  const doubtful: string[] = [];
  if (format === 'json') {
    return { text: `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`, omitted, doubtful };
  }
  for (const [name, value] of entries) {
    const written = LINES[format](name, value);
    if ('line' in written) lines.push(`${written.line}\n`);
    else omitted.push({ name, reason: written.reason });
    if ('line' in written && written.isDoubtful === true) doubtful.push(name);
  }
  return { text: lines.join(''), omitted, doubtful };
}

/**
 * Readers differ most in double quotes and in unquoted text, so both are avoided: single quotes hold for all of them.
 * Only a value with an apostrophe or a carriage return needs double quotes and their escapes, of which JavaScript's
 * readers know no other than \n.  What they would take (no quotes at all, or backquotes) would run in a shell.
 */
function dotenv(name: string, value: string): ReturnType<WriteLine> {
  if (!/^[A-Za-z_][\w.-]*$/.test(name)) return { reason: 'an .env file cannot hold such a name' };
  if (/^[\w./:@%+,-]*$/.test(value)) return { line: `${name}=${value}` };
  if (!/['\r]/.test(value)) return { line: `${name}='${value}'` };
  const escaped = value
    .replace(/["\\$`]/g, '\\$&')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r');
  return { line: `${name}="${escaped}"`, isDoubtful: /["\\$`\r]/.test(value) };
}

/** POSIX shells: between single quotes nothing is special, and an apostrophe is put in between two such texts. */
function shell(name: string, value: string): ReturnType<WriteLine> {
  if (!/^[A-Za-z_]\w*$/.test(name)) return { reason: 'a shell has no variables with such a name' };
  return { line: `export ${name}='${value.replaceAll("'", `'\\''`)}'` };
}

/** `docker run --env-file` reads lines with Go's bufio.Scanner, which gives up on longer ones (64 KiB with the end). */
const DOCKER_LINE_BYTES = 65_535;

/** Docker knows no quotes: all after the first `=` is the value. */
function docker(name: string, value: string): ReturnType<WriteLine> {
  if (/\s/.test(name) || name.startsWith('#')) return { reason: '--env-file cannot hold such a name' };
  if (/\n|\r$/.test(value)) return { reason: '--env-file cannot hold a value with line breaks' };
  const line = `${name}=${value}`;
  if (Buffer.byteLength(line) >= DOCKER_LINE_BYTES) return { reason: '--env-file cannot hold a value of 64 KiB' };
  return { line };
}
