/** Mocha's own `spec`, which also leaves the counts in the file that COUNTS_FILE names. */
import { writeFileSync } from 'node:fs';
import Mocha from 'mocha';
import type { Counts } from './counts.ts';

class CountingReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    runner.on(Mocha.Runner.constants.EVENT_TEST_RETRY, (test, error: Error) => {
      console.log(`    tried once more: ${test.title}: ${error.message}`);
    });
    runner.once(Mocha.Runner.constants.EVENT_RUN_END, () => {
      const { passes, failures, pending } = this.stats;
      const counts: Counts = { passed: passes, failed: failures, skipped: pending };
      writeFileSync(process.env['COUNTS_FILE'] ?? '/dev/null', JSON.stringify(counts));
    });
  }
}

export default CountingReporter;
