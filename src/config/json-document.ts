import { createScanner, getNodePath, parseTree, printParseErrorCode, type Node, type ParseError } from 'jsonc-parser';
import { LineIndex, MAX_DEPTH, mayBeDeep, SyntaxFaults, type Document, type SyntaxFault } from './syntax.ts';
import { formatPath, type Path } from './problem.ts';

/** Kinds of token of jsonc-parser, whose own names are a `const enum` that type stripping cannot read. */
const OPENING = new Set([1, 3]);
const CLOSING = new Set([2, 4]);
const END_OF_FILE = 17;

const REASONS: Readonly<Record<string, string>> = {
  InvalidSymbol: 'this is not a JSON value (strings need double quotes)',
  InvalidNumberFormat: 'this is not a number',
  PropertyNameExpected: 'expected a key in double quotes',
  ValueExpected: 'expected a value',
  ColonExpected: 'expected a colon',
  CommaExpected: 'expected a comma',
  CloseBraceExpected: 'a closing brace is missing',
  CloseBracketExpected: 'a closing bracket is missing',
  EndOfFileExpected: 'the file should end here',
  InvalidCommentToken: 'this comment is not allowed here',
  UnexpectedEndOfComment: 'the comment is not closed',
  UnexpectedEndOfString: 'the string has no closing double quote',
  UnexpectedEndOfNumber: 'the number is cut off',
  InvalidUnicode: 'this is not a valid \\u escape',
  InvalidEscapeCharacter: 'there is no such escape; write a backslash as \\\\',
  InvalidCharacter: 'a string cannot contain a control character',
};

/** JSON with comments and trailing commas. */
export function readJson(text: string): Document {
  const lines = new LineIndex(text);
  if (mayBeDeep(text)) checkDepth(text, lines);
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { allowTrailingComma: true, disallowComments: false });
  if (errors.length > 0 || root === undefined) {
    const first = errors[0];
    const name = first === undefined ? 'ValueExpected' : printParseErrorCode(first.error);
    // What follows the first error is mostly its consequence.
    throw new SyntaxFaults([{ line: lines.lineAt(first?.offset ?? 0), reason: REASONS[name] ?? `not JSON (${name})` }]);
  }
  const duplicates: SyntaxFault[] = [];
  const value = toValue(root, lines, duplicates);
  if (duplicates.length > 0) throw new SyntaxFaults(duplicates);
  return { value, line: (path) => lines.lineAt(findNode(root, path).offset) };
}

function checkDepth(text: string, lines: LineIndex): void {
  const scanner = createScanner(text, true);
  let depth = 0;
  for (let token: number = scanner.scan(); token !== END_OF_FILE; token = scanner.scan()) {
    if (OPENING.has(token)) depth++;
    else if (CLOSING.has(token)) depth--;
    if (depth > MAX_DEPTH) {
      throw new SyntaxFaults([
        { line: lines.lineAt(scanner.getTokenOffset()), reason: `it is nested deeper than ${MAX_DEPTH} levels` },
      ]);
    }
  }
}

function toValue(node: Node, lines: LineIndex, duplicates: SyntaxFault[]): unknown {
  if (node.type === 'array') return (node.children ?? []).map((child) => toValue(child, lines, duplicates));
  if (node.type !== 'object') return node.value;
  const entries = new Map<string, unknown>();
  for (const property of node.children ?? []) {
    const [key, child] = property.children ?? [];
    if (key === undefined || child === undefined) continue;
    const name = String(key.value);
    if (entries.has(name)) {
      const path = formatPath(getNodePath(child));
      duplicates.push({ line: lines.lineAt(key.offset), reason: 'the key appears twice', key: path });
    }
    entries.set(name, toValue(child, lines, duplicates));
  }
  return Object.fromEntries(entries);
}

/** A key's own place, an element's place, or that of the last part on the way. */
function findNode(root: Node, path: Path): Node {
  let node = root;
  let found = root;
  for (const part of path) {
    if (typeof part === 'number') {
      const child = node.type === 'array' ? node.children?.[part] : undefined;
      if (child === undefined) return found;
      node = found = child;
      continue;
    }
    const property =
      node.type === 'object' ? node.children?.find((child) => child.children?.[0]?.value === part) : undefined;
    if (property?.children?.[1] === undefined) return found;
    found = property;
    node = property.children[1];
  }
  return found;
}
