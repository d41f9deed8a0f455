/**
 * YAML as Kubernetes' own tools read it (sigs.k8s.io/yaml on go-yaml v2): YAML 1.1 with habits of its own, turned into
 * what JSON can say.  A file that kubectl takes is a good file, whatever YAML 1.2 says of it:
 *
 * - of several documents the first counts, of a key that is given twice the last;
 * - `<<` brings the fields of another mapping in where it stands: over what is before it, under what is after;
 * - numbers and `yes` as keys are their text;
 * - the bytes are UTF-8 or UTF-16 with a byte order mark (what PowerShell's `>` writes).
 */
import { Composer, LineCounter, isAlias, isMap, isPair, isScalar, isSeq, visit } from 'yaml';
import type { Alias, Document, Node, Scalar as ScalarNode, YAMLMap, YAMLSeq } from 'yaml';
import { MERGE_TAG, resolvePlain, resolveTagged, type Scalar } from './scalar.ts';
import { tokensOf } from './tokens.ts';

export type Json = Scalar | readonly Json[] | JsonObject;
export type JsonObject = { readonly [key: string]: Json };

export interface Reading {
  readonly value: Json;
  /** The line, from 1, of an element of a list or of a field; of what holds it where there is no such. */
  lineOf(holder: Json, key: string | number): number;
}

/** `message` is a clause without the place. */
export class YamlFault extends Error {
  readonly line: number;
  constructor(line: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.line = line;
  }
}

/** Values that aliases may repeat: go-yaml's limit for documents of usual size. */
const MAX_REPEATED = 400_000;
/** All that go-yaml's reader does not take. */
const CONTROL = /[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;
/** YAML 1.1's. */
const LINE_BREAK = /\r\n?|[\x85\u2028\u2029]/g;
/** Ends the first document wherever it stands; what follows is not even looked at. */
const DOCUMENT_END = /^\.\.\.(?=\s|$)/m;

/** Throws a `YamlFault` for what go-yaml would not read either. */
export function readYaml(bytes: Uint8Array): Reading {
  const text = decode(bytes).replaceAll(LINE_BREAK, '\n');
  const control = CONTROL.exec(text);
  if (control !== null) {
    throw new YamlFault(text.slice(0, control.index).split('\n').length, 'control characters are not allowed');
  }
  const counter = new LineCounter();
  return new Reader(parse(text.split(DOCUMENT_END, 1)[0], counter), counter).read();
}

function decode(bytes: Uint8Array): string {
  const [first, second] = bytes;
  const encoding =
    first === 0xff && second === 0xfe ? 'utf-16le' : first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8';
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new YamlFault(1, `it is not ${encoding.toUpperCase()} text`, { cause });
  }
}

/** The first document; null for none. */
function parse(text: string, counter: LineCounter): Document | null {
  let documents: readonly Document[];
  try {
    const composer = new Composer({
      version: '1.1',
      schema: 'failsafe',
      resolveKnownTags: false,
      uniqueKeys: false,
      prettyErrors: false,
      logLevel: 'error',
    });
    documents = [...composer.compose(tokensOf(text, counter.addNewLine))];
  } catch (cause) {
    if (cause instanceof RangeError) throw new YamlFault(1, 'it is nested too deeply', { cause });
    throw cause;
  }
  const [document] = documents;
  const broken = document?.errors[0];
  if (broken !== undefined) throw new YamlFault(counter.linePos(broken.pos[0]).line, broken.message);
  return document ?? null;
}

interface Fields {
  readonly values: Map<string, Json>;
  readonly lines: Map<string | number, number>;
}

class Reader {
  readonly #document: Document | null;
  readonly #counter: LineCounter;
  readonly #targets = new Map<Alias, Node>();
  /** Aliases that are being followed. */
  readonly #open = new Set<Alias>();
  readonly #lines = new Map<Json, ReadonlyMap<string | number, number>>();
  #repeated = 0;

  constructor(document: Document | null, counter: LineCounter) {
    this.#document = document;
    this.#counter = counter;
  }

  read(): Reading {
    this.#findTargets();
    const value = this.#value(this.#document?.contents);
    return { value, lineOf: (holder, key) => this.#lines.get(holder)?.get(key) ?? 1 };
  }

  /** An alias means the last anchor of its name before it. */
  #findTargets(): void {
    if (this.#document === null) return;
    const anchors = new Map<string, Node>();
    visit(this.#document, {
      Node: (_key, node) => {
        if (!isAlias(node)) {
          if (node.anchor !== undefined) anchors.set(node.anchor, node);
          return;
        }
        const target = anchors.get(node.source);
        if (target === undefined) throw this.#fault(node, `there is no anchor &${node.source} before *${node.source}`);
        this.#targets.set(node, target);
      },
    });
  }

  #value(node: unknown): Json {
    if (this.#open.size > 0 && ++this.#repeated > MAX_REPEATED) {
      throw this.#fault(node, 'its aliases expand to too much');
    }
    if (node === null || node === undefined) return null;
    if (isAlias(node)) return this.#follow(node, (target) => this.#value(target));
    if (isScalar(node)) return this.#scalar(node);
    if (isMap(node)) return this.#mapping(node.items);
    return this.#list((node as YAMLSeq).items);
  }

  #list(items: readonly unknown[]): Json {
    const lines = new Map(items.map((item, index) => [index, this.#lineOf(item)]));
    // `[a: 1]` is a list of one mapping.
    const list = items.map((item) => (isPair(item) ? this.#mapping([item]) : this.#value(item)));
    this.#lines.set(list, lines);
    return list;
  }

  /** The fields of another mapping may come in again and again: whatever an alias brings is counted (`#value`). */
  #follow<T>(alias: Alias, use: (target: Node) => T): T {
    if (this.#open.has(alias)) throw this.#fault(alias, `&${alias.source} contains itself`);
    this.#open.add(alias);
    const used = use(this.#targets.get(alias)!);
    this.#open.delete(alias);
    return used;
  }

  #scalar(node: ScalarNode): Scalar {
    const text = String(node.value);
    const isPlain = node.type === 'PLAIN';
    const value = node.tag !== undefined ? resolveTagged(node.tag, text) : isPlain ? resolvePlain(text) : text;
    if (value === undefined) throw this.#fault(node, `${JSON.stringify(text)} does not match its tag ${node.tag}`);
    if (typeof value === 'number' && !Number.isFinite(value))
      throw this.#fault(node, `${text} cannot be written as JSON`);
    return value;
  }

  #mapping(pairs: YAMLMap['items']): Json {
    const fields: Fields = { values: new Map(), lines: new Map() };
    this.#collect(pairs, fields);
    // Own properties only, `__proto__` among them.
    const object = Object.fromEntries(fields.values);
    this.#lines.set(object, fields.lines);
    return object;
  }

  #collect(pairs: YAMLMap['items'], into: Fields): void {
    for (const { key, value } of pairs) {
      if (isMerge(key)) {
        this.#merge(value, into);
        continue;
      }
      const name = this.#value(key);
      if (name === null || typeof name === 'object') {
        throw this.#fault(key, 'a key is neither text nor a number nor a boolean');
      }
      into.values.set(String(name), this.#value(value));
      into.lines.set(String(name), this.#lineOf(key));
    }
  }

  /** What stands behind `<<`; of several mappings the first has the last word. */
  #merge(value: unknown, into: Fields): void {
    for (const source of isSeq(value) ? value.items.toReversed() : [value]) {
      if (isAlias(source)) this.#follow(source, (target) => this.#mergeOne(target, into));
      else this.#mergeOne(source, into);
    }
  }

  #mergeOne(source: unknown, into: Fields): void {
    if (!isMap(source)) throw this.#fault(source, '<< needs a mapping or a list of mappings');
    this.#collect(source.items, into);
  }

  #lineOf(node: unknown): number {
    const place = isPair(node) ? node.key : node;
    return this.#counter.linePos((place as Node | null)?.range?.[0] ?? 0).line;
  }

  #fault(node: unknown, message: string): YamlFault {
    return new YamlFault(this.#lineOf(node), message);
  }
}

function isMerge(key: unknown): boolean {
  return isScalar(key) && key.value === '<<' && (key.type === 'PLAIN' || key.tag === MERGE_TAG);
}
