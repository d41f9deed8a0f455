/**
 * `main.ts [--no-retry] {TIER|FILE}...`: runs whole tiers and single files, sums them up, and fails when anything failed or
 * was skipped.  The checks of the sources belong to the whole tier `unit`.
 */
import { join } from 'node:path';
import { runChecks } from './checks.ts';
import { sum } from './counts.ts';
import { select } from './selection.ts';
import { runTier } from './tier.ts';

const root = join(import.meta.dirname, '../../..');
const { runs, isRetried } = select(process.argv.slice(2));

const { passed, failed, skipped, remarks } = sum(
  runs.flatMap(({ tier, files }) => {
    const checks = tier === 'unit' && files === 'all' ? [runChecks(root)] : [];
    return [...checks, runTier(root, tier, { files, isRetried })];
  }),
);
for (const line of remarks) console.log(`  ${line}`);
console.log(`\n${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed === 0 && skipped === 0 && passed > 0 ? 0 : 1;
