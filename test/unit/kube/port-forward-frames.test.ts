import assert from 'node:assert/strict';
import fc from 'fast-check';
import { dataMessage, FrameReader } from '../../../src/kube/port-forward/frames.ts';

const PORT = 0x1234;
const portOf = (channel: number): Buffer => Buffer.from([channel, 0x34, 0x12]);

function opened(): FrameReader {
  const reader = new FrameReader(PORT);
  assert.deepEqual(reader.read(portOf(0)), { kind: 'ready' });
  assert.deepEqual(reader.read(portOf(1)), { kind: 'ignored' });
  return reader;
}

describe('port-forward frames', () => {
  it('are ready once the data channel has named the port, in either order', () => {
    const reader = new FrameReader(PORT);
    assert.deepEqual(reader.read(portOf(1)), { kind: 'ignored' });
    assert.deepEqual(reader.read(portOf(0)), { kind: 'ready' });
  });

  it('carry data and errors', () => {
    const reader = opened();
    assert.deepEqual(reader.read(Buffer.from('\0hello')), { kind: 'data', payload: Buffer.from('hello') });
    assert.deepEqual(reader.read(Buffer.from('\u0001no such port')), { kind: 'error', text: 'no such port' });
  });

  it('are ignored when empty', () => {
    const reader = opened();
    for (const empty of [[], [0], [1]]) assert.deepEqual(reader.read(Buffer.from(empty)), { kind: 'ignored' });
  });

  it('are malformed with another port, data before the port, or an unknown channel', () => {
    assert.equal(new FrameReader(PORT + 1).read(portOf(0)).kind, 'malformed');
    assert.equal(new FrameReader(PORT).read(Buffer.from('\0hello')).kind, 'malformed');
    assert.equal(opened().read(Buffer.from([2, 1])).kind, 'malformed');
  });

  it('give back what was written, however it was cut', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 9 }), (chunks) => {
        const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
        const frame = opened().read(dataMessage(chunks, length));
        const expected = Buffer.concat(chunks);
        if (length === 0) return assert.equal(frame.kind, 'ignored');
        assert.deepEqual(frame, { kind: 'data', payload: expected });
      }),
    );
  });

  it('never throw, whatever comes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 8 })), (messages) => {
        const reader = new FrameReader(PORT);
        for (const message of messages) reader.read(Buffer.from(message));
      }),
    );
  });
});
