import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CLUSTER_CHECKS, DNS_CHECKS, MACHINE_CHECKS } from '../../../src/doctor/index.ts';

describe('docs/doctor.md', () => {
  it('lists the checks in their order', () => {
    const text = readFileSync(join(import.meta.dirname, '../../../docs/doctor.md'), 'utf8');
    const listed = [...text.matchAll(/^\| `([\w-]+)` +\|/gm)].map(([, id]) => id);
    const ids = [...MACHINE_CHECKS, ...DNS_CHECKS, ...CLUSTER_CHECKS].map(({ id }) =>
      id.startsWith('right-') ? 'right-VERB-RESOURCE' : id,
    );
    assert.deepEqual(listed, [...new Set(ids)]);
  });
});
