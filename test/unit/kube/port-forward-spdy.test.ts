import assert from 'node:assert/strict';
import { constants, inflateSync } from 'node:zlib';
import fc from 'fast-check';
import type { Frame } from '../../../src/kube/port-forward/framing.ts';
import { SpdyFraming } from '../../../src/kube/port-forward/spdy.ts';

const FIN = 1;

function control(type: number, body: readonly number[], flags = 0): Buffer {
  return Buffer.from([0x80, 3, 0, type, flags, 0, 0, body.length, ...body]);
}

function data(stream: number, payload: Uint8Array | string, flags = 0): Buffer {
  const bytes = Buffer.from(payload);
  const header = Buffer.alloc(8);
  header.writeUInt32BE(stream, 0);
  header.writeUInt32BE(bytes.length, 4);
  header[4] = flags;
  return Buffer.concat([header, bytes]);
}

const reply = (stream: number): Buffer => control(2, [0, 0, 0, stream, 0, 0, 0, 0]);

/** All frames of a byte stream that comes in pieces of these lengths; neighbouring payloads are joined. */
function read(bytes: Uint8Array, cuts: readonly number[] = [bytes.length]): Frame[] {
  const framing = new SpdyFraming(80);
  const frames: Frame[] = [];
  const take = (frame: Frame): void => {
    const last = frames.at(-1);
    if (frame.kind === 'data' && last?.kind === 'data') {
      frames[frames.length - 1] = { kind: 'data', payload: Buffer.concat([last.payload, frame.payload]) };
    } else frames.push(frame);
  };
  let offset = 0;
  for (const cut of [...cuts, bytes.length]) {
    framing.read(Buffer.from(bytes.subarray(offset, offset + cut)), take);
    offset = Math.min(offset + cut, bytes.length);
  }
  return frames;
}

describe('port-forward in SPDY', () => {
  it('opens an error stream, half-closed, and a data stream with their headers', () => {
    const { opening } = new SpdyFraming(4711);
    const blocks: Buffer[] = [];
    const seen: string[] = [];
    for (let offset = 0; offset < opening.length;) {
      const length = opening.readUIntBE(offset + 5, 3);
      const frame = opening.subarray(offset, offset + 8 + length);
      offset += frame.length;
      if ((frame[0] & 0x80) === 0) {
        seen.push(`data ${frame.readUInt32BE(0)} ${length} ${frame[4]}`);
        continue;
      }
      assert.equal(frame.readUInt32BE(0), 0x8003_0001);
      seen.push(`syn ${frame.readUInt32BE(8)}`);
      blocks.push(frame.subarray(18));
    }
    assert.deepEqual(seen, ['syn 1', `data 1 0 ${FIN}`, 'syn 3']);
    // The two blocks are one zlib stream, as the protocol wants.
    const plain = inflateSync(Buffer.concat(blocks), { finishFlush: constants.Z_SYNC_FLUSH });
    const headers: string[] = [];
    for (let offset = 0; offset < plain.length;) {
      const pairs = plain.readUInt32BE(offset);
      offset += 4;
      for (let i = 0; i < pairs * 2; i++) {
        const length = plain.readUInt32BE(offset);
        headers.push(plain.toString('utf8', offset + 4, offset + 4 + length));
        offset += 4 + length;
      }
    }
    const common = ['port', '4711', 'requestid', '0'];
    assert.deepEqual(headers, ['streamtype', 'error', ...common, 'streamtype', 'data', ...common]);
  });

  it('is ready when the data stream is accepted, not before', () => {
    assert.deepEqual(read(reply(1)), []);
    assert.deepEqual(read(reply(3)), [{ kind: 'ready' }]);
  });

  it('carries data and errors', () => {
    assert.deepEqual(read(data(3, 'hello')), [{ kind: 'data', payload: Buffer.from('hello') }]);
    assert.deepEqual(read(data(1, 'refused')), [{ kind: 'error', text: 'refused' }]);
  });

  it('ends when both streams have ended, and not before the reason is told', () => {
    assert.deepEqual(read(data(1, '', FIN)), []);
    const bye = { kind: 'data', payload: Buffer.from('bye') } as const;
    assert.deepEqual(read(Buffer.concat([data(1, '', FIN), data(3, 'bye', FIN)])), [bye, { kind: 'end' }]);
    const told = Buffer.concat([data(3, '', FIN), data(1, 'refused'), data(1, '', FIN)]);
    assert.deepEqual(read(told), [{ kind: 'error', text: 'refused' }, { kind: 'end' }]);
  });

  it('answers pings, and only those that ask', () => {
    assert.deepEqual(read(control(6, [0, 0, 0, 2])), [{ kind: 'answer', message: control(6, [0, 0, 0, 2]) }]);
    assert.deepEqual(read(control(6, [0, 0, 0, 1])), []);
  });

  it('ends with a reset stream and with GOAWAY', () => {
    assert.equal(read(control(3, [0, 0, 0, 3, 0, 0, 0, 1]))[0]?.kind, 'error');
    assert.equal(read(control(7, [0, 0, 0, 0, 0, 0, 0, 0]))[0]?.kind, 'error');
  });

  it('passes over what is of no use', () => {
    assert.deepEqual(read(Buffer.concat([control(4, [0, 0, 0, 0]), control(9, [0, 0, 0, 3, 0, 1, 0, 0]), reply(3)])), [
      { kind: 'ready' },
    ]);
  });

  it('is malformed with unknown streams and endless control frames', () => {
    assert.equal(read(data(5, 'x'))[0]?.kind, 'malformed');
    assert.equal(read(Buffer.from([0x80, 3, 0, 8, 0, 0xff, 0xff, 0xff]))[0]?.kind, 'malformed');
  });

  it('reads the same however the bytes are cut', () => {
    const part = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 40 }).map((payload) => data(3, payload)),
      fc.constantFrom(reply(1), reply(3), control(6, [0, 0, 0, 4]), data(3, ''), data(3, '', FIN)),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), fc.array(fc.integer({ min: 1, max: 30 })), (parts, cuts) => {
        const bytes = Buffer.concat(parts);
        assert.deepEqual(read(bytes, cuts), read(bytes));
        assert.deepEqual(read(bytes, Array<number>(bytes.length).fill(1)), read(bytes));
      }),
    );
  });

  it('gives back what was written', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 9 }), (chunks) => {
        const payload = Buffer.concat(chunks);
        const message = Buffer.concat([new SpdyFraming(80).head(payload.length), payload]);
        assert.deepEqual(read(message), payload.length === 0 ? [] : [{ kind: 'data', payload }]);
      }),
    );
  });

  it('never throws, whatever comes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.array(fc.integer({ min: 1, max: 20 })),
        (bytes, cuts) => void read(bytes, cuts),
      ),
    );
  });
});
