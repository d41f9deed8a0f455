import assert from 'node:assert/strict';
import { Coalescer } from '../../../src/session/coalescer.ts';

describe('Coalescer', () => {
  it('applies the newest wish only, and tells every asker when it is in force', async () => {
    const applied: number[] = [];
    const gates: (() => void)[] = [];
    const latest = new Coalescer<number, number>(async (wish) => {
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

  it('never runs twice at once, whoever asks when a run has just ended', async () => {
    let running = 0;
    let most = 0;
    const latest = new Coalescer<number, number>(async (wish) => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      return wish;
    });
    const third = latest.set(1).then(() => latest.set(3));
    assert.equal(await latest.set(2), 3);
    assert.equal(await third, 3);
    assert.equal(most, 1);
  });

  it('goes on after a failure', async () => {
    const latest = new Coalescer<string, string>(async (wish) => {
      if (wish === 'bad') throw new Error('bad');
      return wish;
    });
    await assert.rejects(latest.set('bad'));
    assert.equal(await latest.set('good'), 'good');
  });
});
