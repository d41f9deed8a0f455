import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { generate } from '../../../scripts/schema.ts';
import { FIELDS } from '../../../src/config/schema.ts';

describe('what is generated from the types', () => {
  it('is up to date (else run `node scripts/schema.ts`)', async () => {
    for (const [path, expected] of await generate()) {
      assert.equal(await readFile(new URL(`../../../${path}`, import.meta.url), 'utf8'), expected, path);
    }
  }).timeout(20_000);

  it('has patterns that every language reads', async () => {
    const text = (await generate()).get('mirrord-schema.json') ?? '';
    const patterns = [...text.matchAll(/"pattern": ("(?:[^"\\]|\\.)*")/g)].map(([, quoted = '']) => JSON.parse(quoted));
    assert.ok(patterns.length > 0);
    assert.deepEqual(
      patterns.filter((pattern) => /\\[pPux]/.test(pattern)),
      [],
    );
  });

  it('describes every key', () => {
    for (const { path, description } of FIELDS) assert.ok(description.length > 10, path);
  });

  it('names each environment variable once', () => {
    const names = FIELDS.flatMap(({ facts }) => facts.env ?? []);
    assert.equal(new Set(names).size, names.length);
  });
});
