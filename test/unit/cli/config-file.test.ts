import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { COMMANDS } from '../../../src/cli/commands.ts';
import { completeConfigFile } from '../../../src/cli/config-file-argument.ts';
import { Workspace } from '../support/config.ts';
import { CLI_MS, runCliIn } from './run.ts';

describe('-f, whose path may be left out', () => {
  const cases: readonly [string, string][] = [
    ['up', 'up'],
    ['up -f', 'up -f .mirrord'],
    ['up -f -t x', 'up -f .mirrord -t x'],
    ['up -t x -f --name y', 'up -t x -f .mirrord --name y'],
    ['up --config-file', 'up --config-file .mirrord'],
    ['up --config-file --json', 'up --config-file .mirrord --json'],
    ['up -vf', 'up -vf .mirrord'],
    ['explain -f -- db', 'explain -f .mirrord -- db'],
    ['up -f a.json', 'up -f a.json'],
    ['up -f -', 'up -f -'],
    ['up -fa.json', 'up -fa.json'],
    ['up --config-file=a.json', 'up --config-file=a.json'],
    ['up -n f', 'up -n f'],
    ['logs -f', 'logs -f'],
    ['exec -- psql -f', 'exec -- psql -f'],
  ];
  for (const [given, expected] of cases) {
    it(given, () => assert.equal(completeConfigFile(given.split(' '), COMMANDS).join(' '), expected));
  }

  it('an empty path, as of a variable that is not set, is none to leave out', () =>
    assert.deepEqual(completeConfigFile(['up', '-f', ''], COMMANDS), ['up', '-f', '']));
});

/** A freshly cloned repository is whoever wrote it. */
describe('the file of a repository', function () {
  this.timeout(6 * CLI_MS);
  let workspace: Workspace;
  const ran = (): boolean => existsSync(join(workspace.path, 'ran'));

  beforeEach(async () => {
    const plugin = { apiVersion: 'client.authentication.k8s.io/v1', command: './plugin', interactiveMode: 'Never' };
    workspace = await Workspace.make({
      '.mirrord/mirrord.json': '{ "kubeconfig": "kubeconfig", "use_proxy": false }',
      kubeconfig: JSON.stringify({
        'current-context': 'c',
        contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
        clusters: [{ name: 'c', cluster: { server: 'http://127.0.0.1:9' } }],
        users: [{ name: 'u', user: { exec: plugin } }],
      }),
    });
    await workspace.program('plugin', '#!/bin/sh\ntouch "${0%/*}/ran"\nexit 1\n');
  });

  afterEach(() => workspace.remove());

  for (const args of [['ls'], ['doctor'], ['up', '--dry-run']]) {
    it(`runs nothing at ${args.join(' ')}, and is pointed out`, () => {
      const { stdout, stderr } = runCliIn(workspace.path, ...args);
      assert.ok(!ran(), 'the program of the repository ran');
      assert.match(`${stdout}${stderr}`, /\.\/\.mirrord\/mirrord\.json was found but not used; to use it: -f/);
    });
  }

  for (const flags of [['-f'], ['--config-file'], ['-f.mirrord/mirrord.json'], ['--config-file=.mirrord']]) {
    it(`is used with ${flags.join(' ')}`, () => {
      const { stderr } = runCliIn(workspace.path, 'ls', ...flags, '-n', 'x');
      assert.ok(ran(), stderr);
      assert.doesNotMatch(stderr, /not used/);
    });
  }

  it('is used by explain with -f, before and behind the destination', () => {
    for (const args of [
      ['-f', '--', 'db:5432'],
      ['db:5432', '-f'],
    ]) {
      const { code, stdout, stderr } = runCliIn(workspace.path, 'explain', ...args);
      assert.equal(code, 0, stderr);
      assert.match(stdout, /^db:5432/);
    }
  });
});
