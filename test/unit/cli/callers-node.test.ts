import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SET_ASIDE, asCalled, setAside } from '../../../src/node-environment.ts';
import { CLI_MS } from './run.ts';

const PROGRAM = join(import.meta.dirname, '../../../bin/mirrord');

/** What an editor, a debugger or a test runner left behind, or somebody put there. */
describe('the caller’s own settings of Node', function () {
  this.timeout(2 * CLI_MS);
  let folder: string;
  before(() => (folder = mkdtempSync(join(tmpdir(), 'mirrord-node-'))));
  after(() => rmSync(folder, { recursive: true }));

  const cases: readonly [string, string][] = [
    ['NODE_OPTIONS', '--require=/nonexistent'],
    ['NODE_OPTIONS', '--inspect=127.0.0.1:0'],
    ['NODE_OPTIONS', '--no-such-option'],
    ['NODE_CHANNEL_FD', 'x'],
    ['NODE_UNIQUE_ID', '1'],
    ['NODE_DEBUG', '*'],
    ['NODE_DEBUG_NATIVE', 'all'],
    ['NODE_PENDING_DEPRECATION', '1'],
    ['NODE_TLS_REJECT_UNAUTHORIZED', '0'],
    ['NODE_V8_COVERAGE', 'FOLDER/written'],
    ['NODE_COMPILE_CACHE', 'FOLDER/written'],
    ['NODE_REDIRECT_WARNINGS', 'FOLDER/written'],
    ['NODE_ICU_DATA', '/nonexistent'],
    ['OPENSSL_CONF', '/etc/passwd'],
    ['DEBUG', '*'],
    ['UV_THREADPOOL_SIZE', '0'],
  ];
  for (const [name, value] of cases) {
    it(`${name}=${value} does nothing to a command`, () => {
      const env = { PATH: process.env['PATH'], HOME: '/', SHELL: '/bin/sh', [name]: value.replace('FOLDER', folder) };
      const { status, stdout, stderr } = spawnSync(PROGRAM, ['verify-config', '/nonexistent'], {
        encoding: 'utf8',
        env,
      });
      assert.deepEqual([status, stderr], [0, '']);
      assert.match(stdout, /^\{"type":"Fail".*no such file.*\}\n$/);
      assert.ok(!existsSync(join(folder, 'written')));
    });
  }

  it('are listed in bin/mirrord as they are here', () => {
    const list = /^for name in ((?:.*\\\n)*.*); do$/m.exec(readFileSync(PROGRAM, 'utf8'))?.[1];
    assert.deepEqual(list?.split(/[\s\\]+/), SET_ASIDE);
  });

  it('come back, whatever is in them', () => {
    const env = { NODE_OPTIONS: `--a 'b"$c\n`, DEBUG: '', PATH: '/bin', NODE_EXTRA_CA_CERTS: '/ca' };
    const aside = setAside(env);
    assert.deepEqual(
      Object.keys(aside).filter((name) => SET_ASIDE.includes(name)),
      [],
    );
    assert.equal(aside['NODE_EXTRA_CA_CERTS'], '/ca');
    assert.deepEqual(setAside(aside), aside);
    assert.deepEqual(asCalled(aside), env);
    assert.deepEqual(asCalled(env), env);
  });
});
