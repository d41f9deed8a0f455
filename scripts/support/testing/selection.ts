/** What one call of `scripts/test` runs. */
export const TIERS = ['unit', 'socket', 'netns', 'cluster'] as const;
export type Tier = (typeof TIERS)[number];

export interface Run {
  readonly tier: Tier;
  /** Paths from the checkout's root. */
  readonly files: 'all' | readonly string[];
}

export interface Selection {
  /** In the order of the tiers, the quickest first. */
  readonly runs: readonly Run[];
  readonly isRetried: boolean;
}

/** `words`: tiers, test files, `--no-retry`.  A tier that is named runs whole, whichever of its files are named beside it. */
export function select(words: readonly string[]): Selection {
  const runs = TIERS.flatMap((tier): Run[] => {
    if (words.includes(tier)) return [{ tier, files: 'all' }];
    const files = words.filter((word) => word.startsWith(`test/${tier}/`));
    return files.length === 0 ? [] : [{ tier, files }];
  });
  return { runs, isRetried: !words.includes('--no-retry') };
}
