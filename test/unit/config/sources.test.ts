import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { loadConfig } from '../../../src/config/index.ts';
import { load, refusal, Workspace } from '../support/config.ts';

const DEEP = 100_000;

describe('where the configuration comes from', () => {
  it('nowhere: every default', async () => {
    const { config, file, notices, warnings } = await load({});
    assert.deepEqual([file, notices, warnings], [null, [], []]);
    assert.equal(config.target.path, 'targetless');
    assert.equal(config.agent.image, 'docker.io/library/node:24-slim');
    assert.match(config.key, /^[0-9a-f]{8}$/);
  });

  for (const [extension, text] of [
    ['json', '{"key": "k"}'],
    ['toml', 'key = "k"'],
    ['yaml', 'key: k'],
    ['yml', 'key: k'],
  ] as const) {
    const name = `.mirrord/mirrord.${extension}`;

    it(`${name}: only when the folder is named, which -f alone does`, async () => {
      const { config, file, notices } = await load({ files: { [name]: text }, flags: { configFile: '.mirrord' } });
      assert.deepEqual([config.key, file, notices], ['k', name, []]);
    });

    it(`${name}: pointed out when it is not`, async () => {
      const { config, file, notices, warnings } = await load({ files: { [name]: text } });
      assert.notEqual(config.key, 'k');
      assert.deepEqual([file, notices, warnings], [null, [`./${name} was found but not used; to use it: -f`], []]);
    });
  }

  it('the first of several in a folder, with a warning', async () => {
    const { config, warnings } = await load({
      files: { '.mirrord/mirrord.yaml': 'key: y', '.mirrord/mirrord.json': '{"key": "j"}' },
      flags: { configFile: '.mirrord' },
    });
    assert.equal(config.key, 'j');
    assert.match(warnings[0], /\.mirrord\/mirrord\.yaml: ignored/);
  });

  it('-f before MIRRORD_CONFIG_FILE, and never what lies there', async () => {
    const files = { 'a.json': '{"key": "a"}', 'b.json': '{"key": "b"}', '.mirrord/mirrord.json': '{"key": "c"}' };
    assert.equal(
      (await load({ files, flags: { configFile: 'a.json' }, env: { MIRRORD_CONFIG_FILE: 'b.json' } })).config.key,
      'a',
    );
    const second = await load({ files, env: { MIRRORD_CONFIG_FILE: 'b.json' } });
    assert.deepEqual([second.config.key, second.notices], ['b', []]);
    const folder = await load({ files, env: { MIRRORD_CONFIG_FILE: '.mirrord' } });
    assert.equal(folder.config.key, 'c');
    assert.equal((await load({ files, env: { MIRRORD_CONFIG_FILE: '' } })).file, null);
  });

  it('-f - is JSON on standard input', async () => {
    assert.equal((await load({ flags: { configFile: '-' }, stdin: '{"key": "s"}' })).config.key, 's');
  });

  it('no extension is JSON, with comments and trailing commas', async () => {
    const text = '// first\n{\n  "key": "k", /* and */ "agent": { "ttl": 5, },\n}\n';
    assert.equal((await load({ files: { conf: text }, flags: { configFile: 'conf' } })).config.agent.ttl, 5);
    assert.equal(
      (await load({ files: { 'c.json': `\uFEFF${text}` }, flags: { configFile: 'c.json' } })).config.key,
      'k',
    );
  });

  it('a pipe', async function () {
    const workspace = await Workspace.make({});
    try {
      execFileSync('mkfifo', [`${workspace.path}/pipe`]);
      const writer = workspace.write('pipe', '{"key": "p"}');
      const { config } = await loadConfig({ flags: { configFile: 'pipe' }, env: {}, cwd: workspace.path });
      await writer;
      assert.equal(config.key, 'p');
    } finally {
      await workspace.remove();
    }
  });
});

describe('a source that cannot be used', () => {
  const rows: readonly (readonly [string, string, string | Uint8Array, string, RegExp])[] = [
    ['another extension', 'c.ini', 'x', 'config-format', /unknown configuration format \.ini/],
    ['an empty file', 'c.json', '', 'config-syntax', /c\.json: the file is empty/],
    ['an empty YAML file', 'c.yaml', ' \n', 'config-syntax', /c\.yaml: the file is empty/],
    ['10 MB', 'c.json', Buffer.alloc(10 * 1024 * 1024, '['), 'config-too-large', /larger than 2 MB/],
    [
      'binary junk',
      'c.json',
      Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 1]),
      'config-not-text',
      /not UTF-8 text: see byte 5/,
    ],
    ['broken UTF-8', 'c.json', Buffer.from([0x7b, 0x22, 0xff, 0x22]), 'config-not-text', /see byte 3/],
    ['no JSON', 'c.json', '{"a": 1\n "b": 2}', 'config-syntax', /^c\.json:2: expected a comma\.$/],
    ['no TOML', 'c.toml', 'a = 1\nb = = 2', 'config-syntax', /^c\.toml:2: /],
    ['no YAML', 'c.yaml', 'a: 1\nb: [1', 'config-syntax', /^c\.yaml:2: /],
    ['two YAML documents', 'c.yaml', 'key: a\n---\nkey: b', 'config-syntax', /second document/],
    [
      'a duplicate key in JSON',
      'c.json',
      '{"agent": {\n"ttl": 1,\n"ttl": 2}}',
      'config-syntax',
      /^c\.json:3: agent\.ttl: the key appears twice/,
    ],
    ['a duplicate key in TOML', 'c.toml', 'key = "a"\nkey = "b"', 'config-syntax', /^c\.toml:2: .*redefine/],
    [
      'a duplicate key in YAML',
      'c.yaml',
      'agent:\n  ttl: 1\n  ttl: 2',
      'config-syntax',
      /^c\.yaml:3: agent\.ttl: the key appears twice/,
    ],
    ['deep JSON', 'c.json', '['.repeat(DEEP), 'config-syntax', /^c\.json:1: it is nested deeper than 32 levels/],
    ['deep JSON objects', 'c.json', '{"a":\n'.repeat(DEEP), 'config-syntax', /^c\.json:33: it is nested deeper/],
    ['deep TOML', 'c.toml', `a = ${'['.repeat(DEEP)}`, 'config-syntax', /^c\.toml:1: /],
    ['a long TOML key', 'c.toml', `a${'.a'.repeat(DEEP)} = 1`, 'config-syntax', /^c\.toml:1: it is nested deeper/],
    ['deep YAML', 'c.yaml', '['.repeat(DEEP), 'config-syntax', /nested deeper/],
    ['deep YAML lists', 'c.yaml', '- '.repeat(DEEP), 'config-syntax', /nested deeper/],
    [
      'YAML that multiplies',
      'c.yaml',
      'a: &a [1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c]',
      'config-syntax',
      /alias/,
    ],
    ['YAML that holds itself', 'c.yaml', 'agent: &a\n  labels: *a', 'config-syntax', /an alias refers to itself/],
    ['a YAML list as key', 'c.yaml', 'a: 1\n? [a, b]\n: c', 'config-syntax', /^c\.yaml:2: a key must be a string/],
    [
      'control characters in a key',
      'c.json',
      '{"\\u001b[2J": 1}',
      'config-invalid',
      /"\\u001b\[2J": there is no such key/,
    ],
    ['a list', 'c.json', '[1]', 'config-invalid', /an object with keys is expected \(c\.json:1\)/],
    ['a text', 'c.yaml', 'hello', 'config-invalid', /an object with keys is expected/],
  ];
  for (const [title, name, text, code, message] of rows) {
    it(title, async () => {
      const started = performance.now();
      const error = await refusal({ files: { [name]: text }, flags: { configFile: name } });
      assert.deepEqual([error.code, error.failure], [code, 'usage']);
      assert.match(error.message, message);
      assert.ok(performance.now() - started < 5000);
    });
  }

  it('a missing file, a folder, an unreadable path', async () => {
    assert.match(
      (await refusal({ flags: { configFile: 'no.json' } })).message,
      /no\.json cannot be read: there is no such file/,
    );
    assert.match((await refusal({ env: { MIRRORD_CONFIG_FILE: 'no.json' } })).message, /no such file/);
    assert.match(
      (await refusal({ files: { 'x.json/a': '' }, flags: { configFile: 'x.json' } })).message,
      /there is no mirrord\.json, mirrord\.toml, mirrord\.yaml or mirrord\.yml in this folder/,
    );
    assert.match(
      (await refusal({ files: { a: '' }, flags: { configFile: 'a/b.json' } })).message,
      /there is no such file/,
    );
  });

  for (const device of ['/dev/zero', '/dev/null', '/dev/full']) {
    it(`${device}: no file, and none of its bytes is read`, async () => {
      const error = await refusal({ flags: { configFile: device } });
      assert.equal(error.code, 'config-unreadable');
      assert.match(error.message, /it is neither a file nor a pipe/);
    });
  }

  it('a file of /proc that is larger than it says', async () =>
    assert.equal((await refusal({ flags: { configFile: '/proc/kallsyms' } })).code, 'config-too-large'));

  it('60,000 keys that do not exist, which are counted', async function () {
    this.timeout(20_000);
    const keys = Array.from({ length: 60_000 }, (_, i) => `"k${i}": 1`);
    const files = { 'c.json': `{${keys.join()}}` };
    const error = await refusal({ files, flags: { configFile: 'c.json' } });
    assert.match(error.message, /k0: there is no such key/);
    assert.match(error.message, /59951 more keys that do not exist \(c\.json:1\)$/);
  });

  it('an empty path, as of a variable that is not set', async () =>
    assert.match((await refusal({ flags: { configFile: '' } })).message, /^The configuration "" .*the path is empty/));

  it('a pipe that nobody writes to, and the process ends', async function () {
    this.timeout(20_000);
    const workspace = await Workspace.make({});
    try {
      execFileSync('mkfifo', [`${workspace.path}/pipe`]);
      const program = `import { loadConfig } from ${JSON.stringify(import.meta.resolve('../../../src/config/index.ts'))};
        await loadConfig({ flags: { configFile: 'pipe' }, env: {}, cwd: process.cwd() }).catch(({ message }) => console.log(message));`;
      const output = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
        cwd: workspace.path,
        encoding: 'utf8',
        timeout: 15_000,
      });
      assert.match(output, /pipe cannot be read: nothing writes to this pipe/);
    } finally {
      await workspace.remove();
    }
  });

  it('an endless standard input', async () => {
    const workspace = await Workspace.make();
    const stdin = async function* (): AsyncGenerator<Uint8Array> {
      for (;;) yield Buffer.alloc(65_536, 0x20);
    };
    await assert.rejects(loadConfig({ flags: { configFile: '-' }, env: {}, cwd: workspace.path, stdin }), {
      code: 'config-too-large',
    });
    await workspace.remove();
  });
});
