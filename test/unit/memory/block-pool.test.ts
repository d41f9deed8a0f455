import assert from 'node:assert/strict';
import fc from 'fast-check';
import { BLOCK_BYTES, blocks } from '../../../src/block-pool.ts';

describe('the pool of blocks', () => {
  it('never lends the same memory twice, and no copy holds much more than its bytes', () => {
    const steps = fc.array(fc.record({ length: fc.integer({ min: 1, max: BLOCK_BYTES }), isGivenBack: fc.boolean() }), {
      maxLength: 100,
    });
    fc.assert(
      fc.property(steps, (list) => {
        const lent: { copied: Buffer; fill: number }[] = [];
        for (const [i, { length, isGivenBack }] of list.entries()) {
          const fill = i & 255;
          const copied = blocks.copy(Buffer.alloc(length, fill));
          assert.equal(copied.length, length);
          assert.ok(length <= 2_048 || copied.buffer.byteLength <= Math.max(2 * length, 4_096));
          lent.push({ copied, fill });
          if (isGivenBack) blocks.release(lent.splice(lent.length >> 1, 1)[0].copied);
        }
        for (const { copied, fill } of lent) assert.ok(copied.every((byte) => byte === fill));
        for (const { copied } of lent) blocks.release(copied);
      }),
      { numRuns: 30 },
    );
  });
});
