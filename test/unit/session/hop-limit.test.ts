import assert from 'node:assert/strict';
import { hopLimitOf } from '../../../src/session/hop-limit.ts';

describe('the hop limit of a session’s own questions', () => {
  it('is another for each session, and none that programs have by default', () => {
    for (const defaults of [[64], [100, 64], [101, 105], [127]]) {
      const limits = Array.from({ length: 20 }, (_, i) => hopLimitOf(`mirrord${i}`, defaults));
      assert.equal(new Set(limits).size, limits.length);
      assert.ok(
        limits.every((limit) => limit >= 100 && limit <= 127 && !defaults.includes(limit)),
        String(limits),
      );
    }
  });

  it('is one for every machine, whatever it says of itself', () => {
    assert.equal(hopLimitOf('mirrord0', []), 100);
    assert.equal(hopLimitOf('tun', []), 100);
    assert.ok(hopLimitOf('mirrord123456') >= 100);
  });
});
