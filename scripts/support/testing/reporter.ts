/** Mocha's own `spec`, which also leaves the counts in the file that COUNTS_FILE names. */
import { writeFileSync } from 'node:fs';
import Mocha from 'mocha';
import type { Counts } from './counts.ts';

const { EVENT_TEST_FAIL, EVENT_TEST_RETRY, EVENT_RUN_END } = Mocha.Runner.constants;

class CountingReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    const remarks: string[] = [];
    const remark = (what: string, test: Mocha.Runnable, error: Error): string => {
      const line = `${what}: ${test.fullTitle()}: ${error.message.split('\n', 1)[0] ?? ''}`;
      remarks.push(line);
      return line;
    };
    runner.on(EVENT_TEST_RETRY, (test, error: Error) => console.log(`    ${remark('tried once more', test, error)}`));
    runner.on(EVENT_TEST_FAIL, (test, error: Error) => remark('failed', test, error));
    runner.once(EVENT_RUN_END, () => {
      const { passes, failures, pending } = this.stats;
      const counts: Counts = { passed: passes, failed: failures, skipped: pending, remarks };
      writeFileSync(process.env['COUNTS_FILE'] ?? '/dev/null', JSON.stringify(counts));
    });
  }
}

export default CountingReporter;
