/**
 * JSONPath (RFC 9535) as far as body filters use it: `$`, names, indexes, wildcards and descendants.  Slices and filter
 * expressions are refused by name.
 */

/** A query that cannot be used; the message is a clause for a user. */
export class QueryError extends Error {}

type Selector =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'all' };

interface Segment {
  readonly selectors: readonly Selector[];
  /** `..`: also in everything below. */
  readonly isDescendant: boolean;
}

/** More would be work without end for one request. */
const SEGMENT_LIMIT = 32;
const NAME = /^[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*/;
const INDEX = /^-?(?:0|[1-9]\d{0,8})(?=\s*[,\]])/;
const QUOTED = /^'(?:[^'\\]|\\.)*'|^"(?:[^"\\]|\\.)*"/;

export class JsonPath {
  readonly #segments: readonly Segment[];

  /** Throws a `QueryError`. */
  constructor(query: string) {
    if (!query.startsWith('$')) throw new QueryError('it does not begin with $');
    const segments: Segment[] = [];
    let rest = query.slice(1);
    while (rest !== '') {
      if (segments.length === SEGMENT_LIMIT) throw new QueryError(`more than ${SEGMENT_LIMIT} parts`);
      const { segment, length } = readSegment(rest, query.length - rest.length);
      segments.push(segment);
      rest = rest.slice(length);
    }
    this.#segments = segments;
  }

  /** What the query finds in a parsed JSON value; each object or list once. */
  select(root: unknown): readonly unknown[] {
    let nodes: readonly unknown[] = [root];
    for (const { selectors, isDescendant } of this.#segments) {
      const from = isDescendant ? withDescendants(nodes) : nodes;
      const found: unknown[] = [];
      for (const node of from) for (const selector of selectors) found.push(...selected(node, selector));
      nodes = unrepeated(found);
    }
    return nodes;
  }
}

function readSegment(rest: string, at: number): { segment: Segment; length: number } {
  const isDescendant = rest.startsWith('..');
  const dots = isDescendant ? 2 : rest.startsWith('.') ? 1 : 0;
  const behind = rest.slice(dots);
  if (behind.startsWith('[') && dots !== 1) {
    const { selectors, length } = readBrackets(behind, at + dots);
    return { segment: { selectors, isDescendant }, length: dots + length };
  }
  if (dots === 0) throw new QueryError(`neither . nor [ at ${at + 1}`);
  if (behind.startsWith('*')) return { segment: { selectors: [{ kind: 'all' }], isDescendant }, length: dots + 1 };
  const name = NAME.exec(behind)?.[0];
  if (name === undefined) throw new QueryError(`no name at ${at + dots + 1}`);
  return { segment: { selectors: [{ kind: 'name', name }], isDescendant }, length: dots + name.length };
}

function readBrackets(text: string, at: number): { selectors: readonly Selector[]; length: number } {
  const selectors: Selector[] = [];
  let length = 1;
  const skipBlanks = (): void => {
    while (text[length] === ' ') length++;
  };
  for (;;) {
    skipBlanks();
    const [selector, used] = readSelector(text.slice(length), at + length);
    selectors.push(selector);
    length += used;
    skipBlanks();
    const after = text[length++];
    if (after === ']') return { selectors, length };
    if (after !== ',') throw new QueryError(`unclosed brackets at ${at + 1}`);
  }
}

function readSelector(text: string, at: number): [Selector, number] {
  if (text.startsWith('*')) return [{ kind: 'all' }, 1];
  if (text.startsWith('?')) throw new QueryError(`a filter expression at ${at + 1} (not supported)`);
  const quoted = QUOTED.exec(text)?.[0];
  if (quoted !== undefined) return [{ kind: 'name', name: unquote(quoted) }, quoted.length];
  const index = INDEX.exec(text)?.[0];
  if (index !== undefined) return [{ kind: 'index', index: Number(index) }, index.length];
  if (/^-?\d*\s*:/.test(text)) throw new QueryError(`a slice at ${at + 1} (not supported)`);
  throw new QueryError(`neither a quoted name, an index nor * at ${at + 1}`);
}

function unquote(quoted: string): string {
  return quoted.slice(1, -1).replaceAll(/\\(.)/g, '$1');
}

function selected(node: unknown, selector: Selector): readonly unknown[] {
  if (typeof node !== 'object' || node === null) return [];
  switch (selector.kind) {
    case 'all':
      return Object.values(node);
    case 'name':
      return !Array.isArray(node) && Object.hasOwn(node, selector.name)
        ? [(node as Record<string, unknown>)[selector.name]]
        : [];
    case 'index': {
      if (!Array.isArray(node)) return [];
      const index = selector.index < 0 ? node.length + selector.index : selector.index;
      return index >= 0 && index < node.length ? [node[index]] : [];
    }
  }
}

function withDescendants(nodes: readonly unknown[]): readonly unknown[] {
  const found = new Set<unknown>();
  const waiting = [...nodes];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (typeof node !== 'object' || node === null || found.has(node)) continue;
    found.add(node);
    for (const child of Object.values(node)) waiting.push(child);
  }
  return [...found];
}

/** So that two descendant parts in a row do not multiply; plain values have nothing below them. */
function unrepeated(nodes: readonly unknown[]): readonly unknown[] {
  return [...new Set(nodes)];
}
