import type * as z from 'zod';
import { editDistance } from '../edit-distance.ts';
import { IGNORED, UNSUPPORTED } from './ignored.ts';
import type { Layers } from './layers.ts';
import { formatPath, type Path, type Problem } from './problem.ts';
import { configSchema, FIELDS, type ConfigSchema } from './schema.ts';
import { suggestTarget } from './shorthand.ts';
import { isTree, type Tree } from './tree.ts';
import { defined } from '../defined.ts';

const KEYS: readonly string[] = [...FIELDS.map(({ path }) => path), ...IGNORED.keys()];
/** Up to this many changes, and no more than a third of its letters, a key elsewhere counts as the one that was meant. */
const CLOSE = 2;
/** More unknown keys of one object are counted: a file that is something else has thousands, and each search takes 5 ms. */
const MANY = 49;

/**
 * Fills in the defaults and checks the types; every fault is reported.  `config` is what is left when the faulty keys are
 * taken out, so that the rest can be checked as well; null where even that is not possible.
 */
export function checkTypes(layers: Layers): { config: ConfigSchema | null; problems: Problem[] } {
  const result = configSchema.safeParse(layers.tree);
  if (result.success) return { config: result.data, problems: [] };
  const { issues } = result.error;
  const rest = structuredClone(layers.tree);
  for (const issue of issues) prune(rest, issue);
  const second = configSchema.safeParse(rest);
  return {
    config: second.success ? second.data : null,
    problems: issues.flatMap((issue) => describeIssue(issue, layers)),
  };
}

function prune(tree: Tree, issue: z.core.$ZodIssue): void {
  const path = issue.path.map(String);
  // An element's fault costs the whole list: the places of the others must stay what they are.
  const element = issue.path.findIndex((part) => typeof part === 'number');
  const key = element < 0 ? path : path.slice(0, element);
  const paths = issue.code === 'unrecognized_keys' && element < 0 ? issue.keys.map((name) => [...path, name]) : [key];
  for (const parts of paths) {
    const parent = valueAt(tree, parts.slice(0, -1));
    const last = parts.at(-1);
    if (isTree(parent) && last !== undefined) delete parent[last];
  }
}

function describeIssue(issue: z.core.$ZodIssue, layers: Layers): Problem[] {
  const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
  if (issue.code === 'unrecognized_keys') return unknownKeys(path, issue.keys, layers);
  const value = valueAt(layers.tree, path);
  // A message of the schema's own says more than the type does.
  const isOwn = !issue.message.startsWith('Invalid input');
  const type = issue.code === 'invalid_type' && !isOwn ? expectation(issue.expected, value) : clause(issue.message);
  const reason = `${type}${writeInstead(path, layers)}`;
  return [{ key: formatPath(path), ...defined({ value }), reason, origin: layers.originOf(path) }];
}

function unknownKeys(path: Path, keys: readonly string[], layers: Layers): Problem[] {
  const problems = keys.slice(0, MANY).map((key) => unknownKey(path, key, layers));
  const more = keys.length - MANY;
  if (more <= 0) return problems;
  const reason = `${more} more keys that do not exist`;
  return [...problems, { key: formatPath(path), reason, origin: layers.originOf(path) }];
}

function unknownKey(path: Path, key: string, layers: Layers): Problem {
  const full = [...path, key];
  const unsupported = UNSUPPORTED.get(formatPath(full));
  if (unsupported !== undefined) return { key: formatPath(full), reason: unsupported, origin: layers.originOf(full) };
  const close = nearestKey(formatPath(path), key);
  const advice = writeInstead(full, layers) || (close === undefined ? '' : `; the nearest known one is ${close}`);
  return { key: formatPath(full), reason: `there is no such key${advice}`, origin: layers.originOf(full) };
}

/** For a fault in the shape of the target: the target as it is to be written. */
function writeInstead([first, second]: Path, { tree }: Layers): string {
  const instead = first === 'target' && second !== 'namespace' ? suggestTarget(tree['target']) : undefined;
  return instead === undefined ? '' : `; write ${instead}`;
}

/** A neighbour that is spelt much the same, else the same word elsewhere, else the nearest neighbour. */
export function nearestKey(parent: string, key: string): string | undefined {
  const prefix = parent === '' ? '' : `${parent}.`;
  const neighbours = KEYS.filter((known) => known.startsWith(prefix) && !known.slice(prefix.length).includes('.'));
  const neighbour = nearest(prefix + key, neighbours);
  const spelt = (known: string): number =>
    editDistance(key.toLowerCase(), known.slice(known.lastIndexOf('.') + 1).toLowerCase());
  if (neighbour !== undefined && spelt(neighbour) <= Math.max(CLOSE, key.length / 3)) return neighbour;
  const elsewhere = KEYS.toSorted((a, b) => spelt(a) - spelt(b))[0];
  return elsewhere !== undefined && spelt(elsewhere) <= Math.min(CLOSE, key.length / 3) ? elsewhere : neighbour;
}

function expectation(expected: string, value: unknown): string {
  const words: Readonly<Record<string, string>> = {
    string: 'a text',
    boolean: 'true or false',
    number: 'a number',
    array: 'a list',
    object: 'an object with keys',
    record: 'an object with keys',
  };
  const received =
    value === undefined ? 'nothing' : Array.isArray(value) ? 'a list' : (words[typeof value] ?? typeof value);
  const got = typeof value === 'boolean' ? String(value) : received;
  return `it must be ${words[expected] ?? expected}, not ${got}`;
}

function valueAt(tree: unknown, path: Path): unknown {
  let value = tree;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string | number, unknown>)[part];
  }
  return value;
}

function clause(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1);
}

/** The candidate that takes the fewest changes to reach. */
function nearest(word: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Infinity;
  for (const candidate of candidates) {
    const cost = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (cost < least) [best, least] = [candidate, cost];
  }
  return best;
}
