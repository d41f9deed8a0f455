import assert from 'node:assert/strict';
import { closeSync, openSync } from 'node:fs';
import { COMMANDS } from '../../../src/cli/commands.ts';
import { MirrordError } from '../../../src/errors.ts';
import { exitCodeOf, forPrograms, formatForPeople, toDescription } from '../../../src/cli/failure.ts';
import { CLI_MS, runCli, runCliInto } from './run.ts';

describe('failures', function () {
  this.timeout(CLI_MS);

  const error = new MirrordError('cluster', 'some-code', 'The API server is away.', { help: 'Try this.\nOr that.' });

  it('are written as what happened and what to do', () => {
    assert.equal(
      formatForPeople(toDescription(error, ['up'], COMMANDS)),
      'Error: The API server is away.\n  → Try this.\n  → Or that.\n',
    );
  });

  it('quote others set off from the advice', () => {
    const quoting = new MirrordError('cluster', 'x', 'it said:\n→ Run this.', { help: 'Look.' });
    assert.equal(
      formatForPeople(toDescription(quoting, ['up'], COMMANDS)),
      'Error: It said:\n      → Run this.\n  → Look.\n',
    );
  });

  it('are written as JSON with code, message and help', () => {
    assert.deepEqual(forPrograms(toDescription(error, ['up'], COMMANDS)), {
      error: { code: 'some-code', message: 'The API server is away.', help: 'Try this.\nOr that.' },
    });
    assert.deepEqual(forPrograms(toDescription(new TypeError('oops'), ['up'], COMMANDS)), {
      error: { code: 'unexpected', message: 'oops', help: '' },
    });
  });

  it('have the exit code of their class', () => {
    const classes = {
      unexpected: 1,
      usage: 2,
      permission: 3,
      cluster: 4,
      agent: 5,
      host: 6,
      hangup: 129,
      interrupted: 130,
      terminated: 143,
    } as const;
    for (const [failure, code] of Object.entries(classes)) {
      const description = new MirrordError(failure as keyof typeof classes, 'x', 'x').describe();
      assert.equal(exitCodeOf(description), code);
    }
    assert.equal(exitCodeOf(toDescription(new TypeError('oops'), ['up'], COMMANDS)), 1);
  });

  it('have one more: what is printed goes to a full disk', () => {
    const full = openSync('/dev/full', 'w');
    const { code, stderr } = runCliInto(full, ['status', '--json']);
    closeSync(full);
    assert.equal(code, 1, stderr);
    assert.equal((JSON.parse(stderr) as { error: { code: string } }).error.code, 'output-lost');
  });

  const cases: readonly [string[], RegExp, string][] = [
    [['up', '--nonsense'], /--nonsense/, 'See: mirrord up --help'],
    [['upp'], /upp/, 'Did you mean: mirrord up\nSee: mirrord --help'],
    [['up', '--dns', 'magic'], /--dns=magic/, 'See: mirrord up --help'],
    [
      ['up', '--name', 'A/B'],
      /^--name: 'A\/B' is not a valid session name\.$/,
      'Use at most 31 lower-case letters, digits and hyphens, starting with a letter or digit.',
    ],
    [
      ['up', '--include-route', '10.0.0.0/33'],
      /^--include-route: '10\.0\.0\.0\/33' is not an address range\.$/,
      'Write it like 10.20.0.0/16 or fd00:20::/64; a single address needs no prefix length.',
    ],
    [['down', '--context', 'x'], /--all/, 'See: mirrord down --help'],
    [['down', '--name', 'x', '--all'], /--all/, 'See: mirrord down --help'],
    [
      ['status', 'extra'],
      /extra/,
      'The name of a session goes with a flag: mirrord status --name extra\nSee: mirrord status --help',
    ],
  ];
  for (const [args, message, help] of cases) {
    it(`mirrord ${args.join(' ')}`, () => {
      const words = runCli(...args);
      assert.equal(words.code, 2, words.stderr);
      assert.equal(words.stdout, '');
      assert.match(words.stderr, /^Error: /);

      const json = runCli(...args, '--json');
      assert.equal(json.code, 2);
      const parsed = JSON.parse(json.stderr) as { error: { message: string; help: string } };
      assert.match(parsed.error.message, message);
      assert.equal(parsed.error.help, help);
    });
  }
});
