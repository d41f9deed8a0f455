import assert from 'node:assert/strict';
import fc from 'fast-check';
import { CapsuleDecoder, datagramCapsule, errnoCapsule } from '../../../src/tunnel/capsule.ts';
import { DATAGRAM_LIMIT } from '../../../src/tunnel/limits.ts';

function decode(chunks: readonly Buffer[]): { datagrams: Buffer[]; errnos: string[]; fine: boolean } {
  const datagrams: Buffer[] = [];
  const errnos: string[] = [];
  const decoder = new CapsuleDecoder({
    datagram: (payload) => datagrams.push(Buffer.from(payload)),
    errno: (name) => errnos.push(name),
  });
  const fine = chunks.every((chunk) => decoder.push(chunk));
  return { datagrams, errnos, fine };
}

describe('capsules', () => {
  it('carry datagrams of every form of length', () => {
    for (const length of [0, 1, 61, 62, 63, 64, 16_381, 16_382, 16_383, 16_384, 65_507, DATAGRAM_LIMIT]) {
      const payload = Buffer.alloc(length, length);
      assert.deepEqual(
        decode([datagramCapsule(payload)]),
        { datagrams: [payload], errnos: [], fine: true },
        `${length}`,
      );
    }
  });

  it('are the same wherever the bytes are split', () => {
    const unknown = Buffer.from([0x17, 0x02, 0xff, 0xff]);
    const bytes = Buffer.concat([
      datagramCapsule(Buffer.alloc(70, 1)),
      unknown,
      errnoCapsule('ECONNREFUSED'),
      datagramCapsule(Buffer.from('x')),
    ]);
    for (let at = 0; at <= bytes.length; at++) {
      const heard = decode([bytes.subarray(0, at), bytes.subarray(at)]);
      assert.deepEqual(heard, {
        datagrams: [Buffer.alloc(70, 1), Buffer.from('x')],
        errnos: ['ECONNREFUSED'],
        fine: true,
      });
    }
  });

  it('refuse a length that no datagram has', () => {
    assert.equal(decode([Buffer.from([0, 0x80, 0x10, 0, 0])]).fine, false);
    assert.equal(decode([Buffer.from([0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])]).fine, false);
  });

  it('never throw, whatever comes in', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 6 }), (chunks) => {
        decode(chunks.map((chunk) => Buffer.from(chunk)));
      }),
    );
  });
});
