import assert from 'node:assert/strict';
import { Defects } from '../../../src/agent/defects.ts';
import { DEFECT_LIMIT, DEFECT_WINDOW_MS } from '../../../src/agent/limits.ts';

describe("the agent's defects", () => {
  const counted = (times: readonly number[]): (string | null)[] => {
    const defects = new Defects();
    return times.map((time) => defects.count(time));
  };

  it('are too many when they come close together, and told by number and time', () => {
    const times = Array.from({ length: DEFECT_LIMIT }, (_, index) => 5_000 + index * 300);
    const told = counted(times);
    assert.deepEqual(told.slice(0, -1), Array(DEFECT_LIMIT - 1).fill(null));
    assert.equal(told.at(-1), `${DEFECT_LIMIT} defects within 3 s`);
  });

  it('are survived when they come now and then, however many', () => {
    const pause = DEFECT_WINDOW_MS / (DEFECT_LIMIT - 2);
    const times = Array.from({ length: 1_000 }, (_, index) => index * pause);
    assert.ok(counted(times).every((told) => told === null));
  });
});
