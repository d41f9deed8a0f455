import { parse, TomlDate, TomlError } from 'smol-toml';
import { MAX_DEPTH, SyntaxFaults, type Document } from './syntax.ts';
import { formatPath, type Path } from './problem.ts';
import { isTree } from './tree.ts';

/** TOML 1.0. */
export function readToml(text: string): Document {
  const places = findKeys(text);
  try {
    const value = withoutDates(parse(text, { maxDepth: MAX_DEPTH, unsafeKeyBehaviour: 'keep' }));
    return { value, line: (path) => lineOf(places, path) };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    throw new SyntaxFaults([{ line: error.line, reason: plain(error.message) }]);
  }
}

/** No key is a date: one is the text that it is in JSON and YAML, and not taken for an object without keys. */
function withoutDates(value: unknown): unknown {
  if (value instanceof TomlDate) return value.toISOString();
  if (Array.isArray(value)) return value.map(withoutDates);
  if (!isTree(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, withoutDates(member)]));
}

/** The parser keeps no places, so the lines of headers and keys are read off the text. */
function findKeys(text: string): ReadonlyMap<string, number> {
  const places = new Map<string, number>();
  let table: readonly string[] = [];
  for (const [i, row] of text.split('\n').entries()) {
    const header = /^\s*\[\[?([^\]]+)\]\]?/.exec(row);
    const key = /^\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*=/.exec(row);
    let path: readonly string[] = [];
    if (header !== null) path = table = splitKey(header[1]);
    else if (key !== null) path = [...table, ...splitKey(key[1])];
    if (path.length > MAX_DEPTH) {
      throw new SyntaxFaults([{ line: i + 1, reason: `it is nested deeper than ${MAX_DEPTH} levels` }]);
    }
    // The first place of each part: `[a.b]` is also where `a` begins.
    for (let length = 1; length <= path.length; length++) {
      const place = formatPath(path.slice(0, length));
      if (!places.has(place) || length === path.length) places.set(place, i + 1);
    }
  }
  return places;
}

function lineOf(places: ReadonlyMap<string, number>, path: Path): number {
  for (let length = path.length; length > 0; length--) {
    const line = places.get(formatPath(path.slice(0, length)));
    if (line !== undefined) return line;
  }
  return 1;
}

function splitKey(text: string): string[] {
  return (text.match(/"[^"]*"|'[^']*'|[A-Za-z0-9_-]+/g) ?? []).map((part) => part.replaceAll(/^["']|["']$/g, ''));
}

function plain(message: string): string {
  const clause = message.replace(/^Invalid TOML document: /, '').split('\n', 1)[0];
  return clause.replace(/\.$/, '');
}
