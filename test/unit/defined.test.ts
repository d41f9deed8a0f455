import assert from 'node:assert/strict';
import { defined } from '../../src/defined.ts';

describe('fields that are defined', () => {
  it('are all but the undefined ones, in their order', () => {
    const { length } = '';
    const absent: string | undefined = undefined;
    const fields = defined({ c: length, b: absent, a: null, d: '' });
    assert.deepEqual(Object.entries(fields), [
      ['c', 0],
      ['a', null],
      ['d', ''],
    ]);
    assert.equal('b' in fields, false);
  });
});
