/**
 * resolv.conf(5): whom programs ask, and how they have names searched.
 *
 * As tolerant as the resolvers that read it: unknown lines and words are skipped, a keyword without a word behind it says
 * nothing, `search` and `domain` exclude each other and the last one wins (glibc, resolv/res_init.c).  Nothing here throws.
 */
import { parseAddress } from '../net/index.ts';
import { normalName } from './name.ts';

export interface ResolvConf {
  readonly servers: readonly string[];
  /** As written. */
  readonly search: readonly string[];
  /** Words of the `options` lines, in order. */
  readonly options: readonly string[];
}

export interface NameSearch {
  /** Lower case, without final dots. */
  readonly search: readonly string[];
  readonly ndots: number;
}

/** glibc reads this many servers and no more (MAXNS). */
export const SERVERS_MAX = 3;

/** Without an option, and at the most (RES_MAXNDOTS). */
export const NDOTS_DEFAULT = 1;
const NDOTS_MAX = 15;

/** `local`: what is searched where the file says nothing about it. */
export function parseResolvConf(text: string, local = ''): ResolvConf {
  const servers: string[] = [];
  const options: string[] = [];
  let search: readonly string[] = [local];
  for (const { keyword, words } of directives(text)) {
    if (keyword === 'nameserver' && isServer(words[0])) servers.push(words[0]);
    if (keyword === 'search') search = words;
    if (keyword === 'domain') search = words.slice(0, 1);
    if (keyword === 'options') options.push(...words);
  }
  // `search .` is the idiom for an empty list.
  return { servers, search: search.filter((name) => name !== '.' && name !== ''), options };
}

/** How names are searched, as they are compared. */
export function parseNameSearch(text: string): NameSearch {
  const { search, options } = parseResolvConf(text);
  return { search: search.map(normalName), ndots: ndots(options) };
}

export interface Directive {
  readonly keyword: string;
  readonly words: readonly [string, ...string[]];
}

/** The lines that say something.  A comment's mark makes a keyword that there is none of. */
export function* directives(text: string): Generator<Directive> {
  for (const line of text.split('\n')) {
    const [keyword = '', first, ...more] = line.trim().split(/\s+/);
    if (first !== undefined) yield { keyword, words: [first, ...more] };
  }
}

export function ndots(options: readonly string[]): number {
  return Math.min(numberOption(options, 'ndots') ?? NDOTS_DEFAULT, NDOTS_MAX);
}

/** The number of the last `NAME:NUMBER` among the options. */
export function numberOption(options: readonly string[], name: 'ndots' | 'attempts'): number | undefined {
  const prefix = `${name}:`;
  const numbers = options.filter((option) => option.startsWith(prefix)).map((option) => option.slice(prefix.length));
  const last = numbers.findLast((text) => /^\d+$/.test(text));
  return last === undefined ? undefined : Number(last);
}

/** An IPv6 address may carry a zone: `fe80::1%eth0`. */
const isServer = (text: string): boolean => parseAddress(text.replace(/%.*$/, '')) !== null;
