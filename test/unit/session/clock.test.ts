import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../../..');

/** Where the time of day is meant, with the reason. */
const TIME_OF_DAY: Readonly<Record<string, string>> = {
  'src/cli/events.ts': 'what happens later has the time of day in front of it',
  'src/cli/report.ts': "a report's file is named by the time of day",
  'src/cli/status-text.ts': 'a session tells since when it is away',
  'src/kube/credentials/exec-plugin.ts': 'a credential ends at a time of day',
  'src/session/session.ts': 'people are told since when',
};

describe('the clock', () => {
  it('may jump: every duration is measured by the monotonic one', () => {
    const users = globSync('src/**/*.ts', { cwd: ROOT }).filter((file) =>
      /\bDate\.now\(|new Date\(\)/.test(readFileSync(join(ROOT, file), 'utf8')),
    );
    assert.deepEqual(users.toSorted(), Object.keys(TIME_OF_DAY));
  });
});
