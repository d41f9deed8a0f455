import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../../..');

const SOURCE = `
class Sample {
  private hidden = 1;
  public shown = 2;
  #own = 3;
  private constructor() {}
  protected method() {}
}
new MirrordError('usage', 'x', 'no capital.');
new MirrordError('usage', 'x', 'No full stop');
new MirrordError('usage', 'x', \`no \${name}\`);
new MirrordError('usage', 'x', \`There is no \${name}\`);
new MirrordError('usage', 'x', 'mirrord must be root.');
new MirrordError('usage', 'x', 'feature.env has both.');
new Error('another one');
`;

describe('the rules of style', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'mirrord-lint-'));
    writeFileSync(join(folder, 'sample.ts'), SOURCE);
    writeFileSync(
      join(folder, 'rules.json'),
      JSON.stringify({
        categories: { correctness: 'off' },
        jsPlugins: [join(ROOT, 'scripts/support/lint/style.ts')],
        rules: { 'style/hash-private': 'error', 'style/error-sentence': 'error' },
      }),
    );
  });
  after(() => rmSync(folder, { recursive: true }));

  it('find members that are hidden by a word, and messages that are no sentence', () => {
    const oxlint = join(ROOT, 'node_modules/.bin/oxlint');
    const args = [oxlint, '-c', join(folder, 'rules.json'), '-f', 'unix', join(folder, 'sample.ts')];
    const { stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    const found = stdout.matchAll(/sample\.ts:(\d+):.* \[Error\/style\(([a-z-]+)\)\]/g);
    assert.deepEqual([...found].map(([, line, rule]) => `${rule} ${line}`).toSorted(), [
      'error-sentence 10',
      'error-sentence 11',
      'error-sentence 9',
      'hash-private 3',
      'hash-private 4',
      'hash-private 7',
    ]);
  });
});
