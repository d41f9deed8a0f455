import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ChannelFraming } from '../../../src/kube/port-forward/channels.ts';
import type { Frame } from '../../../src/kube/port-forward/framing.ts';

const PORT = 0x1234;
const portOf = (channel: number): Buffer => Buffer.from([channel, 0x34, 0x12]);

function read(framing: ChannelFraming, message: Uint8Array): Frame[] {
  const frames: Frame[] = [];
  framing.read(Buffer.from(message), (frame) => frames.push(frame));
  return frames;
}

function opened(): ChannelFraming {
  const framing = new ChannelFraming(PORT);
  assert.deepEqual(read(framing, portOf(0)), [{ kind: 'ready' }]);
  assert.deepEqual(read(framing, portOf(1)), []);
  return framing;
}

describe('port-forward in channels', () => {
  it('is ready once the data channel has named the port, in either order', () => {
    const framing = new ChannelFraming(PORT);
    assert.deepEqual(read(framing, portOf(1)), []);
    assert.deepEqual(read(framing, portOf(0)), [{ kind: 'ready' }]);
  });

  it('carries data and errors', () => {
    const framing = opened();
    assert.deepEqual(read(framing, Buffer.from('\0hello')), [{ kind: 'data', payload: Buffer.from('hello') }]);
    assert.deepEqual(read(framing, Buffer.from('\u0001no such port')), [{ kind: 'error', text: 'no such port' }]);
  });

  it('ignores what is empty', () => {
    const framing = opened();
    for (const empty of [[], [0], [1]]) assert.deepEqual(read(framing, Uint8Array.from(empty)), []);
  });

  it('is malformed with another port, data before the port, or an unknown channel', () => {
    assert.equal(read(new ChannelFraming(PORT + 1), portOf(0))[0]?.kind, 'malformed');
    assert.equal(read(new ChannelFraming(PORT), Buffer.from('\0hello'))[0]?.kind, 'malformed');
    assert.equal(read(opened(), Buffer.from([2, 1]))[0]?.kind, 'malformed');
  });

  it('gives back what was written, however it was cut', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 9 }), (chunks) => {
        const payload = Buffer.concat(chunks);
        const framing = opened();
        const frames = read(framing, Buffer.concat([framing.head(), payload]));
        assert.deepEqual(frames, payload.length === 0 ? [] : [{ kind: 'data', payload }]);
      }),
    );
  });

  it('never throws, whatever comes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 8 })), (messages) => {
        const framing = new ChannelFraming(PORT);
        for (const message of messages) read(framing, message);
      }),
    );
  });
});
