import { isMap, isScalar, isSeq, LineCounter, parseAllDocuments, type Node } from 'yaml';
import { MAX_DEPTH, SyntaxFaults, type Document } from './document.ts';
import type { Path } from './problem.ts';

/** Aliases may repeat a part this often; more is a file made to exhaust memory. */
const MAX_ALIASES = 100;

/** One YAML 1.2 document. */
export function readYaml(text: string): Document {
  checkDepth(text);
  const counter = new LineCounter();
  const documents = parseAllDocuments(text, {
    lineCounter: counter,
    uniqueKeys: true,
    prettyErrors: false,
    strict: true,
  });
  if (!Array.isArray(documents) || documents.length === 0) return { value: null, line: () => 1 };
  const errors = documents.flatMap((document) => document.errors);
  if (errors.length > 0) {
    throw new SyntaxFaults(
      errors.map(({ message, pos, code }) => ({
        line: counter.linePos(pos[0]).line,
        reason: code === 'DUPLICATE_KEY' ? `a key stands there twice (${wordAt(text, pos[0])})` : plain(message),
      })),
    );
  }
  const [document, second] = documents;
  if (document === undefined) return { value: null, line: () => 1 };
  if (second !== undefined) {
    throw new SyntaxFaults([{ line: counter.linePos(second.range[0]).line, reason: 'a second document starts here' }]);
  }
  try {
    const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
    const root = document.contents as Node | null;
    return { value, line: (path) => counter.linePos(offsetOf(root, path)).line };
  } catch (error) {
    // The library reports an alias that is used too often, or leads nowhere, in this way.
    if (error instanceof ReferenceError) throw new SyntaxFaults([{ line: 1, reason: plain(error.message) }]);
    throw error;
  }
}

/** Flow collections and `- - -` nest within a line; by indentation alone a bounded file cannot nest deeply enough. */
function checkDepth(text: string): void {
  let line = 0;
  let depth = 0;
  for (const row of text.split('\n')) {
    line++;
    const dashes = /^(?:\s*- )*/.exec(row)![0];
    const indent = dashes.split('-').length - 1;
    let brackets = depth;
    for (const character of row) {
      if (character === '[' || character === '{') brackets++;
      else if ((character === ']' || character === '}') && brackets > 0) brackets--;
      if (brackets > MAX_DEPTH) break;
    }
    depth = brackets;
    const spaces = row.length - row.trimStart().length;
    if (brackets > MAX_DEPTH || indent > MAX_DEPTH || (spaces > MAX_DEPTH * 16 && row.trim() !== '')) {
      throw new SyntaxFaults([{ line, reason: `it is nested deeper than ${MAX_DEPTH} levels` }]);
    }
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

function wordAt(text: string, offset: number): string {
  return JSON.stringify(text.slice(offset, offset + 60).split(/[:\s]/, 1)[0]);
}

function plain(message: string): string {
  const clause = message.replace(/\s+at line \d+, column \d+[\s\S]*$/, '').replace(/\.$/, '');
  return clause.charAt(0).toLowerCase() + clause.slice(1);
}
