import assert from 'node:assert/strict';
import { describeRemain } from '../../../src/host/messages.ts';

describe('what remains in the cluster', () => {
  const remain = (why: string | null, withinMs: number): string => describeRemain({ what: 'Job x', why, withinMs });

  it('is said with the reason and the time that it still has', () => {
    const answer = 'the API server does not answer';
    const text = `Job x could not be removed (${answer}). It ends by itself within`;
    assert.equal(remain(answer, 120_000), `${text} 2 min.`);
    assert.equal(remain(answer, 90_500), `${text} 91 s.`);
    assert.equal(remain(answer, 150_000), `${text} 3 min.`);
  });

  it('has a reason of the host when nobody has tried', () => {
    assert.match(remain(null, 60_000), /^Job x could not be removed \(the session ended before it could\)/);
  });
});
