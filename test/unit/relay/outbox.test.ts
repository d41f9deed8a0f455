import assert from 'node:assert/strict';
import fc from 'fast-check';
import { BLOCK_BYTES } from '../../../src/block-pool.ts';
import { outbox } from '../../../src/relay/outbox.ts';

/** A socket that has been given something. */
class Taker {
  readonly sizes: number[] = [];
  readonly bytes: Buffer[] = [];
  readonly deliver = (bytes: Buffer): void => {
    this.sizes.push(bytes.length);
    this.bytes.push(bytes);
  };
}

describe("the agent's outbox", () => {
  it('puts the pieces of one turn together, and is empty after it', async () => {
    const taker = new Taker();
    for (let i = 0; i < 10; i++) outbox.add(taker.deliver, Buffer.from(String(i)));
    assert.deepEqual(taker.sizes, []);
    await new Promise(setImmediate);
    assert.equal(Buffer.concat(taker.bytes).toString(), '0123456789');
    assert.equal(taker.sizes.length, 1);
    await new Promise(setImmediate);
    outbox.flush();
    assert.equal(taker.sizes.length, 1);
  });

  it('gives each socket its bytes, in order, in whole blocks, whatever the pieces', () => {
    const pieces = fc.array(fc.record({ to: fc.nat(2), length: fc.nat(3 * BLOCK_BYTES) }), { maxLength: 12 });
    fc.assert(
      fc.property(pieces, (list) => {
        const takers = [new Taker(), new Taker(), new Taker()];
        const sent: Buffer[][] = [[], [], []];
        for (const [i, { to, length }] of list.entries()) {
          const chunk = Buffer.alloc(length, i + 1);
          sent[to].push(Buffer.from(chunk));
          outbox.add(takers[to].deliver, chunk);
          chunk.fill(0);
        }
        outbox.flush();
        for (const [to, taker] of takers.entries()) {
          assert.equal(Buffer.compare(Buffer.concat(taker.bytes), Buffer.concat(sent[to])), 0);
          assert.ok(taker.sizes.every((size) => size <= BLOCK_BYTES));
        }
      }),
      { numRuns: 30 },
    );
  });
});
