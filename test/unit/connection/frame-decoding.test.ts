import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  FRAME,
  FrameDecoder,
  HEADER_LENGTH,
  ackFrame,
  controlFrame,
  writeHeader,
} from '../../../src/connection/frame.ts';
import { CONTROL_LIMIT } from '../../../src/connection/limits.ts';

interface Heard {
  readonly data: Buffer;
  readonly controls: readonly [type: number, payload: string][];
}

function decode(chunks: readonly Buffer[]): Heard & { readonly fine: boolean } {
  const data: Buffer[] = [];
  const controls: [number, string][] = [];
  const decoder = new FrameDecoder({
    data: (view) => data.push(view),
    control: (type, payload) => controls.push([type, payload.toString('hex')]),
  });
  const fine = chunks.every((chunk) => decoder.push(chunk));
  return { data: Buffer.concat(data), controls, fine };
}

function dataFrame(payload: Uint8Array): Buffer {
  const header = Buffer.alloc(HEADER_LENGTH);
  writeHeader(header, FRAME.data, payload.length);
  return Buffer.concat([header, payload]);
}

const MIXED = Buffer.concat([
  dataFrame(Buffer.from('hello ')),
  ackFrame(0x1234_5678_9abc),
  dataFrame(Buffer.alloc(0)),
  controlFrame(FRAME.ping, Buffer.from('12345678')),
  dataFrame(Buffer.from('world')),
  controlFrame(FRAME.close, Buffer.alloc(0)),
]);
const EXPECTED: Heard = {
  data: Buffer.from('hello world'),
  controls: [
    [FRAME.ack, '123456789abc'],
    [FRAME.ping, Buffer.from('12345678').toString('hex')],
    [FRAME.close, ''],
  ],
};

describe('tunnel frames', () => {
  it('are the same wherever the bytes are split', () => {
    for (let at = 0; at <= MIXED.length; at++) {
      const heard = decode([MIXED.subarray(0, at), MIXED.subarray(at)]);
      assert.deepEqual(heard, { ...EXPECTED, fine: true }, `split at ${at}`);
    }
  });

  it('are the same byte by byte', () => {
    assert.deepEqual(decode([...MIXED].map((byte) => Buffer.from([byte]))), { ...EXPECTED, fine: true });
  });

  it('round-trip in any number and any cut', () => {
    const frames = fc.array(
      fc.oneof(
        fc.uint8Array({ maxLength: 900 }).map((payload) => ({ type: FRAME.data, payload })),
        fc.uint8Array({ maxLength: CONTROL_LIMIT }).map((payload) => ({ type: FRAME.ping, payload })),
      ),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(frames, fc.array(fc.nat(4_000), { maxLength: 8 }), (sent, cuts) => {
        const bytes = Buffer.concat(
          sent.map(({ type, payload }) => (type === FRAME.data ? dataFrame(payload) : controlFrame(type, payload))),
        );
        const marks = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).toSorted((a, b) => a - b), bytes.length];
        const heard = decode(marks.slice(1).map((mark, i) => bytes.subarray(marks[i], mark)));
        const data = Buffer.concat(sent.filter(({ type }) => type === FRAME.data).map(({ payload }) => payload));
        assert.ok(heard.data.equals(data));
        assert.deepEqual(
          heard.controls,
          sent
            .filter(({ type }) => type !== FRAME.data)
            .map(({ type, payload }) => [type, Buffer.from(payload).toString('hex')]),
        );
      }),
    );
  });

  it('hand data on without copying it', () => {
    const chunk = dataFrame(Buffer.from('payload'));
    let seen: Buffer | undefined;
    new FrameDecoder({ data: (view) => (seen = view), control: () => assert.fail() }).push(chunk);
    assert.equal(seen?.buffer, chunk.buffer);
  });

  it('refuse a control frame that is too long, and hear nothing after it', () => {
    const header = Buffer.alloc(HEADER_LENGTH);
    writeHeader(header, FRAME.proof, CONTROL_LIMIT + 1);
    assert.deepEqual(decode([Buffer.concat([header, MIXED])]), { data: Buffer.alloc(0), controls: [], fine: false });
  });

  it('never throw, whatever comes in', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 2_000 }), { maxLength: 5 }), (chunks) => {
        decode(chunks.map((chunk) => Buffer.from(chunk)));
      }),
    );
  });
});
