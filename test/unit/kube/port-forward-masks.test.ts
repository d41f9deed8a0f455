import assert from 'node:assert/strict';
import fc from 'fast-check';
import { maskedFrame } from '../../../src/kube/port-forward/masked-frame.ts';

/** RFC 6455, section 5.2, byte by byte. */
function read(frame: Buffer): { readonly mask: Buffer; readonly payload: Buffer } {
  assert.equal(frame[0], 0x82, 'a whole binary message');
  assert.equal(frame[1] & 0x80, 0x80, 'masked');
  const short = frame[1] & 0x7f;
  const length = short < 126 ? short : short === 126 ? frame.readUInt16BE(2) : Number(frame.readBigUInt64BE(2));
  const at = short < 126 ? 2 : short === 126 ? 4 : 10;
  const mask = frame.subarray(at, at + 4);
  const masked = frame.subarray(at + 4);
  assert.equal(masked.length, length);
  return { mask, payload: Buffer.from(masked.map((byte, i) => byte ^ mask[i % 4])) };
}

describe('frames of a port-forward', () => {
  for (const length of [0, 1, 125, 126, 127, 65_535, 65_536, 70_001]) {
    it(`carry ${length} bytes`, () => {
      const payload = Buffer.from(Array.from({ length }, (_, i) => i * 7));
      assert.ok(read(maskedFrame([payload], length)).payload.equals(payload));
    });
  }

  it('carry whatever pieces they are made of', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 9 }), (chunks) => {
        const payload = Buffer.concat(chunks);
        assert.ok(read(maskedFrame(chunks, payload.length)).payload.equals(payload));
      }),
    );
  });

  it('leave what they are made of as it is, and have a mask of their own each', () => {
    const payload = Buffer.alloc(64, 7);
    const masks = new Set<string>();
    for (let i = 0; i < 5_000; i++) masks.add(read(maskedFrame([payload], 64)).mask.toString('hex'));
    assert.ok(payload.equals(Buffer.alloc(64, 7)));
    assert.ok(masks.size > 4_990, `${masks.size} masks`);
  });
});
