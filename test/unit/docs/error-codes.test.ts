import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../../..');

describe('docs/errors.md', () => {
  it('lists exactly the codes that the sources have, each under its exit code', () => {
    const inSources = new Set<string>();
    for (const file of globSync('src/**/*.ts', { cwd: root })) {
      const source = readFileSync(join(root, file), 'utf8');
      for (const [, failure, code] of source.matchAll(/new MirrordError\(\s*'(\w+)',\s*'([\w-]+)'/g)) {
        inSources.add(`${failure} ${code}`);
      }
    }
    const inDocument = new Set<string>();
    let failure = '';
    for (const line of readFileSync(join(root, 'docs/errors.md'), 'utf8').split('\n')) {
      failure = /^## Exit \d+: (\w+)/.exec(line)?.[1] ?? failure;
      const code = /^\| `([\w-]+)` \|/.exec(line)?.[1];
      if (code !== undefined) inDocument.add(`${failure} ${code}`);
    }
    assert.deepEqual([...inDocument].sort(), [...inSources].sort());
  });
});
