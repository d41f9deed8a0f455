import assert from 'node:assert/strict';
import { Latest } from '../../../src/session/latest.ts';

describe('Latest', () => {
  it('applies the newest wish only, and tells every asker when it is in force', async () => {
    const applied: number[] = [];
    const gates: (() => void)[] = [];
    const latest = new Latest<number, number>(async (wish) => {
      await new Promise<void>((resolve) => gates.push(resolve));
      applied.push(wish);
      return wish;
    });
    const results = [1, 2, 3, 4].map((wish) => latest.set(wish));
    gates[0]?.();
    await results[0];
    while (gates.length < 2) await new Promise((resolve) => setImmediate(resolve));
    gates[1]?.();
    assert.deepEqual(await Promise.all(results), [1, 4, 4, 4]);
    assert.deepEqual(applied, [1, 4]);
  });

  it('goes on after a failure', async () => {
    const latest = new Latest<string, string>(async (wish) => {
      if (wish === 'bad') throw new Error('bad');
      return wish;
    });
    await assert.rejects(latest.set('bad'));
    assert.equal(await latest.set('good'), 'good');
  });
});
