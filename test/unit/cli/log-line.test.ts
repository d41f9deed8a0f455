import assert from 'node:assert/strict';
import { formatLogLine } from '../../../src/cli/log-line.ts';

describe('a line of the log, for people', () => {
  it('has the time of day of this machine’s zone, the level, the words, and what belongs to them', () => {
    const time = new Date(2026, 0, 2, 20, 33, 40, 123);
    const line = { level: 30, time: time.toISOString(), msg: 'ready', reason: null, mode: 'nftables', routes: ['a b'] };
    assert.equal(
      formatLogLine(JSON.stringify(line)),
      '2026-01-02 20:33:40.123 info  ready reason=null mode=nftables routes=["a b"]',
    );
    assert.equal(
      formatLogLine(JSON.stringify({ level: 50, time: time.getTime(), msg: 'x' })),
      '2026-01-02 20:33:40.123 error x',
    );
  });

  it('stays as it is when it is none of ours, or cut off', () => {
    for (const line of ['', 'Killed', '{"level":30,"ti', '3', 'null']) assert.equal(formatLogLine(line), line);
    assert.equal(formatLogLine('{"time":"never","level":"x","msg":"y"}'), 'never x     y');
  });
});
