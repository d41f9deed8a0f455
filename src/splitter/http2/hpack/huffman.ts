/**
 * The Huffman code of HPACK (RFC 7541, appendix B), decoded four bits at a time.  The code is canonical: the lengths of
 * its codes, one letter for each symbol, say all of it.
 */
import { Http2Error } from '../error.ts';

const LENGTHS =
  'ISXXXXXXXTZXXZXXXXXXXXZXXXXXXXXXBFFHIBDGFFDGDBBBAAABBBBBBBCDKBHFIBCCCCCCCCCCCCCCCCCCCCCCDCDIOIJBKABABABBBACCBBBABCBAABCCCCCKGJIXPRPPRRRSRSSSSSTSTTRSTSSSSQRSRSSTRQPRRSSQSRRTQRSSQQRQSRSSPRRRSRRSVVPORSRUVVVWWVTUOQVWWVWTQQVVXWWWPTPQRQQSRRUUTTVSVWVVWWWWWXWWWWWVZ';
/** `A` is five bits. */
const LETTER_BASE = 'A'.charCodeAt(0) - 5;
const LONGEST = 30;
const END_OF_STRING = 256;

/** Of the tree's inner nodes: a child is another node, or `LEAF + symbol`.  Node 0 is the root. */
const LEAF = 1 << 15;

interface Tables {
  /** By node and four bits: the node that follows, and the symbol that was completed on the way (0: none, else + 1). */
  readonly next: Uint16Array;
  readonly completed: Uint16Array;
  /** Nodes where a text may end: at most seven bits of padding, all ones. */
  readonly endings: ReadonlySet<number>;
}

let known: Tables | undefined;

/** Made by the first who needs them: most agents never see HTTP/2. */
const tables = (): Tables => (known ??= makeTables());

/** Throws an `Http2Error` for a code that there is not, and for padding that is none. */
export function decodeHuffman(bytes: Uint8Array, from: number, to: number): string {
  const { next, completed, endings } = tables();
  // Codes have five bits at least.
  const text = Buffer.allocUnsafe(Math.ceil(((to - from) * 8) / 5));
  let length = 0;
  let node = 0;
  for (let at = from; at < to; at++) {
    for (const bits of [bytes[at] >>> 4, bytes[at] & 15]) {
      const symbol = completed[node * 16 + bits];
      if (symbol > END_OF_STRING) throw new Http2Error('COMPRESSION_ERROR', 'the end of a string inside it');
      if (symbol > 0) text[length++] = symbol - 1;
      node = next[node * 16 + bits];
    }
  }
  if (!endings.has(node)) throw new Http2Error('COMPRESSION_ERROR', 'bad padding of a string');
  return text.toString('latin1', 0, length);
}

function makeTables(): Tables {
  const tree = growTree();
  const endings = new Set<number>();
  for (let node = 0, bits = 0; bits <= 7; node = tree[2 * node + 1], bits++) endings.add(node);
  const next = new Uint16Array(tree.length * 8);
  const completed = new Uint16Array(tree.length * 8);
  for (let index = 0; index < next.length; index++) {
    let at = index >>> 4;
    for (let bit = 3; bit >= 0; bit--) {
      const child = tree[2 * at + ((index >>> bit) & 1)];
      if (child >= LEAF) completed[index] = child - LEAF + 1;
      at = child >= LEAF ? 0 : child;
    }
    next[index] = at;
  }
  return { next, completed, endings };
}

/** Two children for each node.  Shorter codes first, and of one length by symbol: each is the one before plus one. */
function growTree(): readonly number[] {
  const tree = [0, 0];
  let code = 0;
  for (let bits = 5; bits <= LONGEST; bits++, code *= 2)
    for (let symbol = 0; symbol <= END_OF_STRING; symbol++)
      if (LENGTHS.charCodeAt(symbol) - LETTER_BASE === bits) plant(tree, code++, bits, symbol);
  return tree;
}

function plant(tree: number[], code: number, bits: number, symbol: number): void {
  let node = 0;
  for (let bit = bits - 1; bit > 0; bit--) {
    const child = 2 * node + ((code >>> bit) & 1);
    if (tree[child] === 0) tree[child] = tree.push(0, 0) / 2 - 1;
    node = tree[child];
  }
  tree[2 * node + (code & 1)] = LEAF + symbol;
}
