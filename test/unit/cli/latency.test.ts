import assert from 'node:assert/strict';
import { formatLatency, summarize } from '../../../src/cli/latency.ts';

describe('latency', () => {
  it('takes each figure from what was measured, by nearest rank', () => {
    const times = Array.from({ length: 100 }, (_, index) => 100 - index);
    assert.deepEqual(summarize(times, 100), { count: 100, lost: 0, min_ms: 1, p50_ms: 50, p99_ms: 99, max_ms: 100 });
    assert.deepEqual(summarize([3], 1), { count: 1, lost: 0, min_ms: 3, p50_ms: 3, p99_ms: 3, max_ms: 3 });
    assert.deepEqual(summarize([2, 1, 10], 5), { count: 5, lost: 2, min_ms: 1, p50_ms: 2, p99_ms: 10, max_ms: 10 });
  });

  it('is told in two lines', () => {
    const text = formatLatency('default', {
      count: 100,
      lost: 1,
      min_ms: 0.4,
      p50_ms: 0.61,
      p99_ms: 1.234,
      max_ms: 20,
    });
    assert.equal(
      text,
      "100 round trips to the agent of session 'default', 1 lost\n  min 0.40 ms   p50 0.61 ms   p99 1.23 ms   max 20.00 ms\n",
    );
  });
});
