import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { parseProcessEnvironment } from '../../../src/environment/index.ts';

describe('environment: of a process', () => {
  it('is what /proc says', () => {
    const variables = parseProcessEnvironment(readFileSync('/proc/self/environ', 'utf8'));
    assert(variables.size > 0);
    assert.equal(variables.get('PATH'), process.env['PATH']);
  });

  it('keeps the first of two, values with = and line breaks, and passes over the rest', () => {
    const text = 'A=1\0B=x=y\nz\0A=2\0\0rubbish\0=odd\0C=\0';
    assert.deepEqual(
      [...parseProcessEnvironment(text)],
      [
        ['A', '1'],
        ['B', 'x=y\nz'],
        ['C', ''],
      ],
    );
  });
});
