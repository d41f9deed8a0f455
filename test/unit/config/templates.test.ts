import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { symlink } from 'node:fs/promises';
import fc from 'fast-check';
import { gitBranch } from '../../../src/config/git-branch.ts';
import { renderTemplate, TemplateError } from '../../../src/config/template.ts';
import { load, refusal, Workspace } from '../support/config.ts';

const VALUES = { env: { USER: 'ann', EMPTY: '' }, variables: { key: 'k1', git_branch: undefined } };

function render(source: string): string {
  return renderTemplate(source, VALUES).text;
}

describe('a template', () => {
  for (const [source, expected] of [
    ['no template', 'no template'],
    ['{{ get_env(name="USER") }}', 'ann'],
    ["{{get_env(name='USER', default='x')}}", 'ann'],
    ['{{ get_env(name="NO", default="y") }}', 'y'],
    ['{{ get_env(name="NO", default=5) }}', '5'],
    ['{{ get_env(name="NO") | default(value="z") }}', 'z'],
    ['{{ get_env(name="EMPTY", default="y") }}', ''],
    ['{{ key }}-{{ key | upper }}', 'k1-K1'],
    ['{{ git_branch | default(value="main") }}', 'main'],
    ['{{ "Feature/X y" | slugify }}', 'feature-x-y'],
    ['{{ "a.b" | replace(from=".", to="-") | trim }}', 'a-b'],
    ['{{ "a.b" | regex_escape }}', 'a[.]b'],
    ['a {# a comment #} b', 'a  b'],
    ['a  {{- key -}}  b', 'ak1b'],
    ['{{ "}}" }}', '}}'],
    ['{ "a": {} }', '{ "a": {} }'],
  ] as const) {
    it(`${source} is ${expected}`, () => assert.equal(render(source), expected));
  }

  for (const [source, line, reason] of [
    ['a\n{{ get_env(name="NO") }}', 2, /environment variable NO is not set, and there is no default/],
    ['{{ git_branch }}', 1, /git_branch is not defined here/],
    ['{{ nope }}', 1, /unknown variable nope; available: key, git_branch/],
    ['\n\n{% for x in y %}', 3, /`{% %}` is not supported/],
    ['{{ key', 1, /not closed/],
    ['{# key', 1, /not closed/],
    ['{{ key | shout }}', 1, /unknown filter shout/],
    ['{{ exec(name="x") }}', 1, /unknown function exec/],
    ['{{ get_env() }}', 1, /needs an argument/],
    ['{{ get_env(name="X" }}', 1, /not closed|missing/],
    ['{{ key key }}', 1, /is unexpected/],
    ['{{ }}', 1, /a value is missing/],
    ['{{ key ~ "x" }}', 1, /not understood/],
    ['{{ "x" | replace(from="a") }}', 1, /needs the argument to/],
    ['{{ constructor }}', 1, /unknown variable constructor/],
    ['{{ get_env(name="__proto__") }}', 1, /environment variable __proto__ is not set/],
    ['{{ get_env(name="toString") }}', 1, /environment variable toString is not set/],
    ['{{ key | constructor }}', 1, /unknown filter constructor/],
  ] as const) {
    it(`${JSON.stringify(source)} fails in line ${line}`, () => {
      assert.throws(
        () => render(source),
        (error) => error instanceof TemplateError && error.line === line && reason.test(error.message),
      );
    });
  }

  it('takes no longer than the file is long', () => {
    const started = performance.now();
    assert.equal(render('{{ key }}'.repeat(200_000)).length, 400_000);
    assert.ok(performance.now() - started < 4_000);
  });

  it('fails in no other way, whatever the text', () => {
    const pieces = fc.array(
      fc.constantFrom(
        '{{',
        '}}',
        '{#',
        '#}',
        '{%',
        '-',
        ' ',
        '\n',
        '"',
        "'",
        'key',
        '|',
        '(',
        ')',
        '=',
        'get_env',
        'x',
        ',',
      ),
    );
    fc.assert(
      fc.property(pieces, (parts) => {
        try {
          render(parts.join(''));
        } catch (error) {
          assert.ok(error instanceof TemplateError);
        }
      }),
    );
  });

  it('keeps the lines of the source, also after values with lines of their own', async () => {
    const text = '{\n"key": "{{ get_env(name="A") }}",\n{# two\nlines #}\n"agnt": 1}';
    const error = await refusal({
      files: { 'c.json': text },
      flags: { configFile: 'c.json' },
      env: { A: 'x",\n\n"agent": {}, "target": "targetless' },
    });
    assert.match(error.message, /agnt: .*\(c\.json:5\)/);
  });
});

describe('the key', () => {
  const files = { 'c.json': '{"key": "file", "agent": {"labels": {"session": "{{ key }}"}}}' };
  const flags = { configFile: 'c.json' };

  it('comes from the command line, the environment, the file, or chance', async () => {
    const flagged = await load({ files, flags: { ...flags, key: 'flag' }, env: { MIRRORD_KEY: 'env' } });
    assert.deepEqual([flagged.config.key, flagged.config.agent.labels], ['flag', { session: 'flag' }]);
    assert.equal((await load({ files, flags, env: { MIRRORD_KEY: 'env' } })).config.agent.labels['session'], 'env');
    const own = await load({ files, flags });
    assert.deepEqual([own.config.key, own.config.agent.labels], ['file', { session: 'file' }]);
    const random = await load({ files: { 'c.json': '{"agent": {"labels": {"session": "{{ key }}"}}}' }, flags });
    assert.equal(random.config.agent.labels['session'], random.config.key);
  });

  it('may be made of the branch, and used in the same file', async () => {
    const text = '{"key": "dev-{{ git_branch | default(value="none") }}", "agent": {"labels": {"s": "{{ key }}"}}}';
    const given = { files: { 'c.json': text }, flags };
    assert.deepEqual((await load({ ...given, branch: 'topic' })).config.agent.labels, { s: 'dev-topic' });
    assert.deepEqual((await load(given)).config.agent.labels, { s: 'dev-none' });
    assert.deepEqual(
      (await load({ ...given, branch: 'topic', env: { MIRRORD_BRANCH_NAME: 'named' } })).config.agent.labels,
      { s: 'dev-named' },
    );
  });

  it('that stands for itself is refused with its line', async () => {
    const error = await refusal({ files: { 'c.json': '{\n"key": "x{{ key }}"}' }, flags });
    assert.equal(error.code, 'config-template');
    assert.match(error.message, /c\.json:2: .*stands for itself/);
  });

  it('a missing variable is named', async () => {
    const error = await refusal({ files: { 'c.json': '{\n"key": "{{ get_env(name="TEAM") }}"}' }, flags });
    assert.match(error.message, /c\.json:2: .*environment variable TEAM is not set/);
  });
});

describe('the branch', () => {
  it('is read from HEAD, from below and through a worktree', async () => {
    const workspace = await Workspace.make({
      'repo/.git/HEAD': 'ref: refs/heads/feature/x\n',
      'repo/deep/er/file': '',
      'repo/.git/worktrees/w/HEAD': 'ref: refs/heads/w\n',
      'tree/.git': 'gitdir: ../repo/.git/worktrees/w\n',
      'detached/.git/HEAD': '0123456789012345678901234567890123456789\n',
    });
    const at = (folder: string): Promise<string | undefined> => gitBranch(`${workspace.path}/${folder}`);
    assert.deepEqual(
      [await at('repo'), await at('repo/deep/er'), await at('tree'), await at('detached')],
      ['feature/x', 'feature/x', 'w', undefined],
    );
    assert.equal(await at(''), undefined);
    await workspace.remove();
  });

  it('is not looked for where HEAD has no end', async () => {
    const workspace = await Workspace.make({ 'zero/.git/config': '', 'pipe/.git/config': '' });
    await symlink('/dev/zero', `${workspace.path}/zero/.git/HEAD`);
    execFileSync('mkfifo', [`${workspace.path}/pipe/.git/HEAD`]);
    for (const folder of ['zero', 'pipe']) assert.equal(await gitBranch(`${workspace.path}/${folder}`), undefined);
    await workspace.remove();
  });
});
