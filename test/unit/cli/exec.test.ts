import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { become, ignorable } from '../../../src/cli/become.ts';
import { separateCommand, splitCommand } from '../../../src/cli/exec-arguments.ts';
import { MirrordError } from '../../../src/errors.ts';

const BECOME = pathToFileURL(join(import.meta.dirname, '../../../src/cli/become.ts')).href;
const PATH = process.env['PATH'] ?? '/usr/bin:/bin';

/** Arguments for a Node that becomes `command`, after it has touched its standard streams as a CLI does. */
function script(command: readonly string[], variables: Record<string, string> = {}): string[] {
  const map = JSON.stringify(Object.entries({ PATH, ...variables }));
  const code = [
    `import { become } from ${JSON.stringify(BECOME)};`,
    `process.stdout.write(''); process.stderr.write(''); process.stdin;`,
    `become(${JSON.stringify(command)}, new Map(${map}));`,
  ].join('\n');
  return ['--input-type=module', '-e', code];
}

function run(command: readonly string[], variables: Record<string, string> = {}, input = '') {
  const args = script(command, variables);
  return spawnSync(process.execPath, args, { encoding: 'utf8', env: { NODE_NO_WARNINGS: '1', PATH }, input });
}

describe('exec: becoming the command', () => {
  it('gives exactly the environment, whatever is in it', () => {
    const variables = { A: "it's\n$HOME", 'spring.url': 'x', EMPTY: '' };
    const seen = run(['env', '-0'], variables)
      .stdout.split('\0')
      .filter((line) => line !== '');
    assert.deepEqual(seen.sort(), [`PATH=${PATH}`, "A=it's\n$HOME", 'EMPTY=', 'spring.url=x'].sort());
  });

  it('passes arguments, standard input and exit code through', () => {
    const { stdout, status } = run(['sh', '-c', 'cat; printf "[%s]" "$@"; exit 7', 'sh', '-a', 'b c', '--'], {}, 'in');
    assert.equal(stdout, 'in[-a][b c][--]');
    assert.equal(status, 7);
  });

  it('ends with 127 and 126 as shells do', () => {
    const missing = run(['no-such-program-here']);
    assert.equal(missing.status, 127);
    assert.match(missing.stderr, /no-such-program-here/);
    assert.equal(run(['/etc/passwd']).status, 126);
  });

  it('takes a first word with = for a program all the same', () => {
    const missing = run(['NODE_ENV=test', 'true']);
    assert.equal(missing.status, 127);
    assert.match(missing.stderr, /NODE_ENV=test.*No such file or directory/);
    const folder = mkdtempSync(join(tmpdir(), 'mirrord-exec-'));
    try {
      writeFileSync(join(folder, 'a=b'), '#!/bin/sh\necho "$1 $C"\n', { mode: 0o755 });
      for (const program of ['a=b', join(folder, 'a=b')]) {
        const { stdout, stderr } = run([program, '-x'], { PATH: `${folder}:${PATH}`, C: 'c' });
        assert.equal(stdout, '-x c\n', stderr);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('keeps the process id, so that signals reach the command itself', async () => {
    const child = spawn(process.execPath, script(['sh', '-c', 'echo $$; exec sleep 60']), {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    assert.equal(Number(line.toString()), child.pid);
    child.kill('SIGTERM');
    const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
    assert.deepEqual([code, signal], [null, 'SIGTERM']);
  });

  it('ignores and blocks no signal that was not ignored before', () => {
    const masks = (text: string): string[] => text.split('\n').filter((line) => /^Sig(Ign|Blk):/.test(line));
    const expected = spawnSync('grep', ['Sig', '/proc/self/status'], { encoding: 'utf8' });
    assert.deepEqual(masks(run(['grep', 'Sig', '/proc/self/status']).stdout), masks(expected.stdout));
  });

  it('ignores what it is told to', async () => {
    const code = `import { become } from ${JSON.stringify(BECOME)};
      become(['grep', 'SigIgn', '/proc/self/status'], new Map([['PATH', ${JSON.stringify(PATH)}]]), [1, 2]);`;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' });
    assert.deepEqual(await ignorable(stdout.trim().split(/\s+/)[1]), [1, 2]);
    for (const mask of [undefined, '', 'x', '0000000000000000']) assert.deepEqual(await ignorable(mask), []);
  });

  it('leaves the standard streams blocking and no descriptor of its own', () => {
    const { stdout } = run(['sh', '-c', 'grep -h flags /proc/self/fdinfo/[012]; ls /proc/self/fd | wc -l'], {}, 'x');
    const lines = stdout.trim().split('\n');
    // O_NONBLOCK (asm-generic/fcntl.h) would make a program's reads fail with EAGAIN.
    for (const line of lines.slice(0, 3))
      assert.equal(Number.parseInt(line.split(/\s+/)[1] ?? '', 8) & 0o4000, 0, line);
    // What the tests' own starter has left open is there in both cases.
    const plain = spawnSync('sh', ['-c', 'ls /proc/self/fd | wc -l'], { encoding: 'utf8' });
    assert.equal(lines[3], plain.stdout.trim());
  });

  it('refuses an environment that no program can be given, without its values', () => {
    const cases: readonly [Map<string, string>, RegExp][] = [
      [new Map([['BIG', 's3cret'.repeat(30_000)]]), /BIG alone has 180005 bytes/],
      [new Map(Array.from({ length: 70 }, (_, i) => [`V${i}`, 'x'.repeat(100_000)])), /bytes in all/],
    ];
    for (const [variables, expected] of cases) {
      assert.throws(
        () => become(['true'], variables),
        (error) =>
          error instanceof MirrordError &&
          error.code === 'exec-environment-too-long' &&
          expected.test(error.message) &&
          !error.message.includes('s3cret'),
      );
    }
  });

  it('knows how much fits into the stack that there is', () => {
    const code = `import { become } from ${JSON.stringify(BECOME)};
      become(['true'], new Map(Array.from({ length: 4 }, (_, i) => ['V' + i, 'x'.repeat(100_000)])));`;
    const limited = (kilobytes: number | 'unlimited') => {
      const line = `ulimit -s ${kilobytes} && exec "$@"`;
      const args = ['-c', line, 'sh', process.execPath, '--input-type=module', '-e', code];
      return spawnSync('sh', args, { encoding: 'utf8', env: { PATH } });
    };
    const small = limited(1536);
    assert.equal(small.status, 1, small.stderr);
    assert.match(small.stderr, /400\d{3} bytes in all, and the limit is 393216/);
    assert.equal(limited(8192).status, 0);
    assert.equal(limited('unlimited').status, 0);
  });
});

describe('exec: which words are the command’s', () => {
  it('all after the first --, in their order, however often they occur', () => {
    const command = ['sh', '-c', 'x', 'sh', '--', 'x', '--name'];
    assert.deepEqual(splitCommand(['--name', 'a', '--', ...command]), { own: ['--name', 'a'], command });
    assert.deepEqual(splitCommand(['--name', 'a']), { own: ['--name', 'a'], command: [] });
  });

  const cases: readonly [string, string][] = [
    ['up --help', 'up --help'],
    ['exec', 'exec'],
    ['exec --help', 'exec --help'],
    ['exec --name x', 'exec --name x'],
    ['exec npm run build --help', 'exec -- npm run build --help'],
    ['exec --name x ls -la', 'exec --name x -- ls -la'],
    ['exec --name=x ls -la', 'exec --name=x -- ls -la'],
    ['exec -- ls -- -la', 'exec -- ls -- -la'],
    ['exec --name x -- ls', 'exec --name x -- ls'],
    ['exec ls -- -la', 'exec -- ls -- -la'],
    ['status exec', 'status exec'],
  ];
  for (const [given, expected] of cases) {
    it(given, () => assert.equal(separateCommand(given.split(' ')).join(' '), expected));
  }
});
