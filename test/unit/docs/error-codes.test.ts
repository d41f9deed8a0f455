import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT } from '../../../src/errors.ts';

const root = join(import.meta.dirname, '../../..');

describe('docs/errors.md', () => {
  const sources = globSync('src/**/*.ts', { cwd: root }).map((file) => readFileSync(join(root, file), 'utf8'));
  const documented = new Map<string, string>();

  before(() => {
    let failure = '';
    for (const line of readFileSync(join(root, 'docs/errors.md'), 'utf8').split('\n')) {
      const [, exit, name] = /^## Exit (\d+): (\w+)$/.exec(line) ?? [];
      if (name !== undefined) {
        failure = name;
        assert.equal(EXIT[failure as keyof typeof EXIT], Number(exit), line);
      }
      const code = /^\| `([\w-]+)` +\|/.exec(line)?.[1];
      if (code !== undefined) {
        assert.ok(!documented.has(code), `${code} stands there twice`);
        documented.set(code, failure);
      }
    }
  });

  it('lists every code of the sources under its class', () => {
    const missing = sources.flatMap((source) =>
      [...source.matchAll(/new MirrordError\(\s*'(\w+)',\s*'([\w-]+)'/g)]
        .filter(([, failure, code]) => documented.get(code ?? '') !== failure)
        .map(([, failure, code]) => `${failure} ${code}`),
    );
    assert.deepEqual([...new Set(missing)], []);
  });

  it('lists no code that the sources do not have', () => {
    const literals = new Set(sources.flatMap((source) => [...source.matchAll(/'([\w-]+)'/g)].map(([, text]) => text)));
    assert.deepEqual(
      [...documented.keys()].filter((code) => !literals.has(code)),
      [],
    );
  });
});
