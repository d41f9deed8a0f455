import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ANSWER_LIMIT, DATAGRAM_LIMIT, QUESTION_LIMIT } from '../../../src/mux/limits.ts';
import { CONTROL_LIMIT } from '../../../src/connection/limits.ts';
import { MUX, MuxDecoder, type MuxType, muxFrame, muxHeader } from '../../../src/mux/frame.ts';
import { KIND, decodeOpening, encodeOpening } from '../../../src/peer/opening.ts';
import { encodeAnswer } from '../../../src/peer/udp.ts';

type Heard = readonly [stream: number, type: number, payload: string];

/** Pieces of one stream's bytes that follow each other count as one. */
function decode(chunks: readonly Buffer[]): { readonly heard: Heard[]; readonly fine: boolean } {
  const heard: [number, number, string][] = [];
  const decoder = new MuxDecoder({
    data: (stream, view) => {
      const last = heard.at(-1);
      if (last?.[1] === MUX.data && last[0] === stream) last[2] += view.toString('hex');
      else heard.push([stream, MUX.data, view.toString('hex')]);
    },
    frame: (stream, type, payload) => heard.push([stream, type, payload.toString('hex')]),
  });
  return { fine: chunks.every((chunk) => decoder.push(chunk)), heard };
}

function dataFrame(stream: number, payload: string): Buffer {
  return Buffer.concat([muxHeader(stream, MUX.data, payload.length), Buffer.from(payload)]);
}

const LIMITS: readonly (readonly [MuxType, number])[] = [
  [MUX.credit, 4],
  [MUX.end, 0],
  [MUX.reset, 0],
  [MUX.datagram, DATAGRAM_LIMIT],
  [MUX.open, QUESTION_LIMIT],
  [MUX.accept, 0],
  [MUX.refuse, CONTROL_LIMIT],
  [MUX.answer, ANSWER_LIMIT],
  [MUX.ping, 8],
  [MUX.pong, 8],
];

const MIXED = Buffer.concat([
  muxFrame(1, MUX.open, encodeOpening(KIND.tcp, 443, '10.96.0.1')),
  dataFrame(1, 'hello'),
  muxFrame(0xffff_ffff, MUX.reset),
  dataFrame(3, ''),
  muxFrame(2, MUX.credit, Buffer.from([0, 1, 0, 0])),
  dataFrame(3, 'world'),
  muxFrame(3, MUX.end),
]);
const EXPECTED: readonly Heard[] = [
  [1, MUX.open, encodeOpening(KIND.tcp, 443, '10.96.0.1').toString('hex')],
  [1, MUX.data, Buffer.from('hello').toString('hex')],
  [0xffff_ffff, MUX.reset, ''],
  [2, MUX.credit, '00010000'],
  [3, MUX.data, Buffer.from('world').toString('hex')],
  [3, MUX.end, ''],
];

describe('frames of the multiplexer', () => {
  it('are the same wherever the bytes are split', () => {
    for (let at = 0; at <= MIXED.length; at++) {
      for (let second = at; second <= MIXED.length; second += 7) {
        const pieces = [MIXED.subarray(0, at), MIXED.subarray(at, second), MIXED.subarray(second)];
        assert.deepEqual(decode(pieces), { heard: EXPECTED, fine: true }, `split at ${at} and ${second}`);
      }
    }
    assert.deepEqual(decode([...MIXED].map((byte) => Buffer.from([byte]))).heard, EXPECTED);
  });

  it('say nothing before they are whole', () => {
    const frame = muxFrame(7, MUX.refuse, Buffer.from('EACCES'));
    for (let length = 0; length < frame.length; length++) {
      assert.deepEqual(decode([frame.subarray(0, length)]), { heard: [], fine: true });
    }
  });

  it('come back as they went in', () => {
    const frame = fc.tuple(
      fc.integer({ min: 0, max: 0xffff_ffff }),
      fc.constantFrom(MUX.datagram, MUX.open, MUX.refuse, MUX.answer),
      fc.uint8Array({ maxLength: 300 }),
    );
    fc.assert(
      fc.property(fc.array(frame), fc.array(fc.nat(2_000)), (frames, cuts) => {
        const all = Buffer.concat(frames.map(([stream, type, payload]) => muxFrame(stream, type, payload)));
        const ends = [0, ...cuts.filter((at) => at < all.length).toSorted((a, b) => a - b), all.length];
        const pieces = ends.slice(1).map((end, i) => all.subarray(ends[i], end));
        const expected = frames.map(([stream, type, payload]) => [stream, type, Buffer.from(payload).toString('hex')]);
        assert.deepEqual(decode(pieces), { heard: expected, fine: true });
      }),
    );
  });

  it('never throw, whatever comes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 64 })), (pieces) => {
        decode(pieces.map((piece) => Buffer.from(piece)));
      }),
    );
  });

  for (const [type, limit] of LIMITS) {
    it(`of type ${type} are at most ${limit} bytes long`, () => {
      assert.ok(decode([muxHeader(1, type, limit)]).fine);
      assert.equal(decode([muxHeader(1, type, limit + 1)]).fine, false);
    });
  }

  it('of a type that nobody knows are refused, though empty', () => {
    const known = new Set<number>(Object.values(MUX));
    for (let type = 0; type < 256; type++) {
      const header = muxHeader(1, MUX.end, 0);
      header[4] = type;
      assert.equal(decode([header]).fine, known.has(type), `type ${type}`);
    }
  });

  it('take no memory for a length alone', () => {
    const before = process.memoryUsage().arrayBuffers;
    const decoders = Array.from({ length: 100 }, () => new MuxDecoder({ data() {}, frame() {} }));
    for (const decoder of decoders) decoder.push(muxHeader(1, MUX.answer, ANSWER_LIMIT));
    assert.ok(process.memoryUsage().arrayBuffers - before < ANSWER_LIMIT);
  });
});

describe('openings', () => {
  it('come back as they went in', () => {
    const opening = decodeOpening(encodeOpening(KIND.udp, 65_535, 'fd00::1 10.0.0.1 5000'));
    assert.deepEqual(opening, { kind: KIND.udp, port: 65_535, body: Buffer.from('fd00::1 10.0.0.1 5000') });
    const answer = decodeOpening(encodeAnswer(0xffff_ffff, 4_000));
    assert.deepEqual(answer, { kind: KIND.answer, port: 4_000, body: Buffer.alloc(4, 0xff) });
    assert.equal(decodeOpening(encodeOpening(KIND.info, 0, ''))?.kind, KIND.info);
  });

  it('are refused without a host, with one too long, of an unknown kind, or cut short', () => {
    const whole = encodeOpening(KIND.tcp, 80, 'a');
    for (let length = 0; length < whole.length; length++) assert.equal(decodeOpening(whole.subarray(0, length)), null);
    assert.equal(decodeOpening(encodeOpening(KIND.tcp, 80, 'a'.repeat(256))), null);
    assert.equal(decodeOpening(Buffer.from([0, 0, 80, 97])), null);
    assert.equal(decodeOpening(encodeOpening(KIND.udp, 80, 'a'.repeat(320))), null);
    assert.equal(decodeOpening(encodeOpening(KIND.answer, 80, 'abcde')), null);
    assert.equal(decodeOpening(Buffer.from([7, 0, 80, 97])), null);
    assert.equal(decodeOpening(Buffer.from([10, 0, 80, 97])), null);
  });

  it('never throw, whatever comes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void decodeOpening(Buffer.from(bytes))));
  });
});
