import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ReplayBuffer } from '../../../src/connection/replay-buffer.ts';

function take(replay: ReplayBuffer, limit: number): string {
  const out: Uint8Array[] = [];
  const length = replay.take(limit, out);
  const text = Buffer.concat(out).toString();
  assert.equal(text.length, length);
  return text;
}

describe('the replay buffer', () => {
  it('gives what is unsent, once, within the limit', () => {
    const replay = new ReplayBuffer();
    for (const text of ['abc', 'defg', 'h']) replay.push(Buffer.from(text));
    assert.equal(take(replay, 2), 'ab');
    assert.equal(take(replay, 4), 'cdef');
    assert.equal(take(replay, 100), 'gh');
    assert.equal(take(replay, 100), '');
  });

  it('sends again from where the peer stands', () => {
    const replay = new ReplayBuffer();
    for (const text of ['abc', 'defg', 'h']) replay.push(Buffer.from(text));
    take(replay, 6);
    assert.ok(replay.acknowledge(3));
    assert.ok(replay.rewind(4));
    assert.equal(take(replay, 100), 'efgh');
  });

  it('refuses offsets that no peer can have', () => {
    const replay = new ReplayBuffer();
    replay.push(Buffer.from('abcdef'));
    take(replay, 4);
    assert.ok(replay.acknowledge(2));
    for (const offset of [1, 5, 1e12]) {
      assert.equal(replay.acknowledge(offset), false);
      assert.equal(replay.rewind(offset), false);
    }
  });

  it('equals a plain string under any sequence of calls', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('push' as const), n: fc.nat(50) }),
      fc.record({ do: fc.constant('lend' as const), n: fc.nat(50) }),
      fc.record({ do: fc.constant('take' as const), n: fc.nat(80) }),
      fc.record({ do: fc.constant('ack' as const), n: fc.nat(80) }),
      fc.record({ do: fc.constant('rewind' as const), n: fc.nat(80) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const replay = new ReplayBuffer();
        let text = '';
        let sent = 0;
        let acked = 0;
        /** Ends of the chunks that were lent, in order, and of those that were given back. */
        const lent: number[] = [];
        const back: number[] = [];
        for (const { do: what, n } of steps) {
          if (what === 'push' || what === 'lend') {
            const more = Array.from({ length: n }, (_, i) => String.fromCharCode(97 + ((text.length + i) % 26))).join(
              '',
            );
            text += more;
            const end = text.length;
            if (what === 'lend') lent.push(end);
            replay.push(Buffer.from(more), what === 'lend' ? () => back.push(end) : undefined);
          } else if (what === 'take') {
            assert.equal(take(replay, n), text.slice(sent, sent + n));
            sent = Math.min(sent + n, text.length);
          } else {
            acked = Math.min(acked + n, sent);
            assert.ok(what === 'ack' ? replay.acknowledge(acked) : replay.rewind(acked));
            if (what === 'rewind') sent = acked;
          }
          assert.deepEqual([replay.acked, replay.sent, replay.written], [acked, sent, text.length]);
          assert.deepEqual(
            back,
            lent.filter((end) => end <= acked),
          );
        }
      }),
    );
  });
});

describe('short chunks in the replay buffer', () => {
  it('are put together, also with what is on its way already', () => {
    const replay = new ReplayBuffer();
    for (let i = 0; i < 10_000; i++) replay.push(Buffer.from('ab'));
    const out: Uint8Array[] = [];
    assert.equal(replay.take(100_000, out), 20_000);
    assert.ok(out.length < 6, `${out.length} chunks`);
    replay.push(Buffer.from('cd'));
    assert.equal(Buffer.concat(out).toString(), 'ab'.repeat(10_000));
    assert.equal(take(replay, 100), 'cd');
  });
});
