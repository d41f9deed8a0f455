/** How many tests ended how, and which of them did not pass at once. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** A line each, to be said again at the end of a long run: what failed, and what passed only when tried once more. */
  readonly remarks: readonly string[];
}

export function sum(all: readonly Counts[]): Counts {
  return all.reduce(
    (a, b) => ({
      passed: a.passed + b.passed,
      failed: a.failed + b.failed,
      skipped: a.skipped + b.skipped,
      remarks: [...a.remarks, ...b.remarks],
    }),
    { passed: 0, failed: 0, skipped: 0, remarks: [] },
  );
}
