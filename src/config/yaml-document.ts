import { isMap, isScalar, isSeq, Lexer, LineCounter, parseAllDocuments, type Node } from 'yaml';
import { MAX_DEPTH, mayBeDeep, SyntaxFaults, type Document, type SyntaxFault } from './syntax.ts';
import { formatPath, type Path } from './problem.ts';

/** Aliases may repeat a part this often; more is a file made to exhaust memory. */
const MAX_ALIASES = 100;
/** Control characters that the lexer puts between tokens. */
const MARKS = new Set(['\u0002', '\u0018', '\u001f']);
/** What comes after is mostly a consequence. */
const MAX_ERRORS = 20;

/** One YAML 1.2 document. */
export function readYaml(text: string): Document {
  checkDepth(text);
  const counter = new LineCounter();
  const documents = parseAllDocuments(text, {
    lineCounter: counter,
    uniqueKeys: false,
    prettyErrors: false,
    strict: true,
  });
  if (!Array.isArray(documents) || documents.length === 0) return { value: null, line: () => 1 };
  const errors = documents.flatMap((document) => document.errors);
  if (errors.length > 0) {
    throw new SyntaxFaults(
      errors
        .slice(0, MAX_ERRORS)
        .map(({ message, pos }) => ({ line: counter.linePos(pos[0]).line, reason: plain(message) })),
    );
  }
  const [document, second] = documents;
  if (document === undefined) return { value: null, line: () => 1 };
  if (second !== undefined) {
    throw new SyntaxFaults([{ line: counter.linePos(second.range[0]).line, reason: 'a second document starts here' }]);
  }
  const faults: SyntaxFault[] = [];
  checkKeys(document.contents, [], (reason, path, offset) => {
    faults.push({
      line: counter.linePos(offset).line,
      reason,
      ...(path.length === 0 ? {} : { key: formatPath(path) }),
    });
  });
  if (faults.length > 0) throw new SyntaxFaults(faults.slice(0, MAX_ERRORS));
  try {
    const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
    if (isDeep(value, MAX_DEPTH)) throw new SyntaxFaults([{ line: 1, reason: 'an alias refers to itself' }]);
    const root = document.contents as Node | null;
    return { value, line: (path) => counter.linePos(offsetOf(root, path)).line };
  } catch (error) {
    // The library reports an alias that is used too often, or leads nowhere, in this way.
    if (error instanceof ReferenceError) throw new SyntaxFaults([{ line: 1, reason: plain(error.message) }]);
    throw error;
  }
}

/** Deep nesting would exhaust the parser's stack, and take it long to get there. */
function checkDepth(text: string): void {
  const fail = (offset: number): never => {
    const line = text.slice(0, offset).split('\n').length;
    throw new SyntaxFaults([{ line, reason: `it is nested deeper than ${MAX_DEPTH} levels` }]);
  };
  // By indentation: a column, or `- - -` and `? ? ?` within a line.
  const deep = new RegExp(`^(?: {${MAX_DEPTH * 16}}|(?: *[-?] ){${MAX_DEPTH}})`, 'm').exec(text);
  if (deep !== null) fail(deep.index);
  // By brackets, which the lexer tells from those in texts.
  if (!mayBeDeep(text)) return;
  let depth = 0;
  let offset = 0;
  for (const token of new Lexer().lex(text)) {
    if (token === '[' || token === '{') depth++;
    else if (token === ']' || token === '}') depth--;
    if (depth > MAX_DEPTH) fail(offset);
    // The lexer's marks for scalars and documents are no part of the text.
    if (!MARKS.has(token)) offset += token.length;
  }
}

function offsetOf(root: Node | null, path: Path): number {
  let node: unknown = root;
  let offset = root?.range?.[0] ?? 0;
  for (const part of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === part);
      if (pair === undefined) return offset;
      offset = isScalar(pair.key) ? (pair.key.range?.[0] ?? offset) : offset;
      node = pair.value;
    } else if (isSeq(node) && typeof part === 'number') {
      const item = node.items[part] as Node | undefined;
      if (item === undefined) return offset;
      offset = item.range?.[0] ?? offset;
      node = item;
    } else {
      return offset;
    }
  }
  return offset;
}

/** An alias may stand for what it is part of; what was read as text cannot be this deep otherwise. */
function isDeep(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((member) => isDeep(member, levels - 1));
}

/** Keys that appear twice (the library would compare every key with every other), and such as are not text. */
function checkKeys(node: unknown, path: Path, report: (reason: string, path: Path, offset: number) => void): void {
  if (isSeq(node)) node.items.forEach((item, i) => checkKeys(item, [...path, i], report));
  if (!isMap(node)) return;
  const seen = new Set<string>();
  for (const { key, value } of node.items) {
    if (!isScalar(key)) {
      report('a key must be a string', path, (key as Node | null)?.range?.[0] ?? 0);
      continue;
    }
    const inner = [...path, String(key.value)];
    if (seen.has(String(key.value))) report('the key appears twice', inner, key.range?.[0] ?? 0);
    seen.add(String(key.value));
    checkKeys(value, inner, report);
  }
}

function plain(message: string): string {
  const clause = message.replace(/\s+at line \d+, column \d+[\s\S]*$/, '').replace(/\.$/, '');
  return clause.charAt(0).toLowerCase() + clause.slice(1);
}
