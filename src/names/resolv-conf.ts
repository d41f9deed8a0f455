/**
 * How a pod's resolv.conf(5) has names searched; whom it asks is the agent's business (`src/agent/name-servers.ts`).
 *
 * As tolerant as the resolvers that read it: unknown lines and values are skipped, `ndots` is clamped as glibc clamps it
 * (resolv/res_init.c), `search` and `domain` exclude each other and the last one wins.
 */
import { normalName } from './name.ts';

export interface NameSearch {
  /** Lower case, without final dots. */
  readonly search: readonly string[];
  readonly ndots: number;
}

/** Without an option, and at the most (glibc's RES_MAXNDOTS). */
const NDOTS_DEFAULT = 1;
const NDOTS_MAX = 15;

/** Never throws: a file without any sense gives the defaults. */
export function parseNameSearch(text: string): NameSearch {
  let search: readonly string[] = [];
  let ndots = NDOTS_DEFAULT;
  for (const line of text.split(/\r?\n/)) {
    const [keyword, ...values] = line.trim().split(/\s+/);
    if (keyword === 'search' && values.length > 0) search = suffixes(values);
    else if (keyword === 'domain' && values.length > 0) search = suffixes(values.slice(0, 1));
    else if (keyword === 'options') ndots = values.reduce((before, value) => ndotsOf(value) ?? before, ndots);
  }
  return { search, ndots };
}

function ndotsOf(option: string): number | undefined {
  const value = /^ndots:(\d+)$/.exec(option)?.[1];
  return value === undefined ? undefined : Math.min(Number(value), NDOTS_MAX);
}

/** `search .` is the idiom for an empty list. */
function suffixes(values: readonly string[]): string[] {
  return values.map(normalName).filter((name) => name !== '');
}
