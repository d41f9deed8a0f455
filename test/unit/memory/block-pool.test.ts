import assert from 'node:assert/strict';
import fc from 'fast-check';
import { BLOCK_BYTES, blocks } from '../../../src/block-pool.ts';
import { relayTcp } from '../../../src/session/tcp-relay.ts';
import type { TcpFlow, TcpFlowEvents } from '../../../src/stack/index.ts';
import { MuxStream, type StreamOwner } from '../../../src/mux/stream.ts';
import type { TunnelStream } from '../../../src/peer/tcp.ts';

/** Whether the block that is lent next is one that held `text`. */
function isLentNext(text: string, length: number): boolean {
  return blocks.take(length).toString('latin1', 0, text.length) === text;
}

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

  it('has back what a stalled stream held when it is reset', () => {
    const nothing = (): void => {};
    const owner: StreamOwner = {
      wantsToSend: nothing,
      sendCredit: nothing,
      sendEnd: nothing,
      sendReset: nothing,
      whenSent: nothing,
      finished: nothing,
      mayGrow: () => false,
      roundTrip: 1,
    };
    const stream = new MuxStream(1, owner);
    stream.pause();
    stream.received(Buffer.alloc(BLOCK_BYTES, 'held by a stream '));
    stream.reset();
    assert.ok(isLentNext('held by a stream ', BLOCK_BYTES));
  });

  it('has back what a program wrote byte by byte when it gives up', async () => {
    let events: TcpFlowEvents | undefined;
    const flow = { destination: { host: '10.0.0.1', port: 1 }, accept: (by: TcpFlowEvents) => (events = by) };
    const stream = { opened: Promise.resolve({ ok: true }), write() {}, resume() {}, reset() {} };
    const watch = { flowOpened() {}, flowClosed() {} };
    relayTcp(flow as unknown as TcpFlow, stream as unknown as TunnelStream, watch, () => false);
    await stream.opened;
    events?.data(Buffer.alloc(4_096));
    for (let i = 0; i < 100; i++) events?.data(Buffer.from('gathered '));
    events?.reset();
    assert.ok(isLentNext('gathered ', 16_384));
  });
});
