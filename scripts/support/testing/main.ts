/** `main.ts TIER...`: runs the tiers, sums them up, and fails when anything failed or was skipped. */
import { join } from 'node:path';
import { runChecks } from './checks.ts';
import { sum } from './counts.ts';
import { runTier } from './tier.ts';
import type { Tier } from './tier.ts';

const root = join(import.meta.dirname, '../../..');
const tiers = process.argv.slice(2) as Tier[];

const { passed, failed, skipped, remarks } = sum(
  tiers.flatMap((tier) => (tier === 'unit' ? [runChecks(root), runTier(root, tier)] : [runTier(root, tier)])),
);
for (const line of remarks) console.log(`  ${line}`);
console.log(`\n${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed === 0 && skipped === 0 && passed > 0 ? 0 : 1;
