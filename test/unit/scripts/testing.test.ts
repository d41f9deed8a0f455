import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../../..');
const RUN_MS = 30_000;

/** A test that fails when it runs for the first time. */
const FLAKY = `import { existsSync, writeFileSync } from 'node:fs';
it('second time lucky', () => {
  if (existsSync('been')) return;
  writeFileSync('been', '');
  throw new Error('first time');
});
`;

describe('the test command', function () {
  this.timeout(RUN_MS);
  let checkout: string;

  beforeEach(() => {
    checkout = mkdtempSync(join(tmpdir(), 'mirrord-checkout-'));
    cpSync(join(ROOT, 'scripts/support/testing'), join(checkout, 'scripts/support/testing'), { recursive: true });
    cpSync(join(ROOT, 'package.json'), join(checkout, 'package.json'));
    symlinkSync(join(ROOT, 'node_modules'), join(checkout, 'node_modules'));
    for (const tier of ['unit', 'socket']) mkdirSync(join(checkout, 'test', tier), { recursive: true });
    writeFileSync(join(checkout, 'test/unit/good.test.ts'), `it('passes', () => {});`);
    writeFileSync(join(checkout, 'test/unit/bad.test.ts'), `it('fails', () => { throw new Error('no'); });`);
    writeFileSync(join(checkout, 'test/socket/flaky.test.ts'), FLAKY);
  });
  afterEach(() => rmSync(checkout, { recursive: true }));

  function run(...words: string[]): { code: number | null; last: string; all: string } {
    const main = join(checkout, 'scripts/support/testing/main.ts');
    const { status, stdout } = spawnSync(process.execPath, [main, ...words], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], NODE_NO_WARNINGS: '1' },
      timeout: RUN_MS,
    });
    return { code: status, last: stdout.trimEnd().split('\n').at(-1) ?? '', all: stdout };
  }

  it('runs the files that are named, without the checks of the sources', () => {
    const { code, last, all } = run('test/unit/good.test.ts');
    assert.deepEqual([code, last], [0, '1 passed, 0 failed, 0 skipped'], all);
    assert.doesNotMatch(all, /checks/);
  });

  it('runs files of several tiers, and fails with one of them', () => {
    const { code, last, all } = run('test/socket/flaky.test.ts', 'test/unit/bad.test.ts', 'test/unit/good.test.ts');
    assert.deepEqual([code, last], [1, '2 passed, 1 failed, 0 skipped'], all);
    assert.match(all, /tried once more: second time lucky: first time/);
  });

  it('tries nothing once more with --no-retry', () => {
    const { code, last, all } = run('--no-retry', 'socket');
    assert.deepEqual([code, last], [1, '0 passed, 1 failed, 0 skipped'], all);
  });

  for (const word of ['test/unit/nothing.test.ts', 'test/unit/scripts', 'src/errors.ts', '--no-such', 'unti']) {
    it(`refuses ${word}`, () => {
      const { status, stderr } = spawnSync(join(ROOT, 'scripts/test'), [word], { encoding: 'utf8', cwd: ROOT });
      assert.equal(status, 2);
      assert.match(stderr, new RegExp(`^There is no '${word}'\\.\nusage: scripts/test `));
    });
  }

  it('is what npm runs: one script for each tier, `npm test` for the one without root', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: object };
    assert.deepEqual(
      Object.entries(scripts).filter(([name]) => name.startsWith('test')),
      [
        ['test', 'scripts/test unit'],
        ['test:socket', 'scripts/test socket'],
        ['test:netns', 'scripts/test netns'],
        ['test:cluster', 'scripts/test cluster'],
      ],
    );
  });
});
