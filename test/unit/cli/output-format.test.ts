import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parse, parseAllDocuments } from 'yaml';
import { COMMANDS } from '../../../src/cli/commands.ts';
import { formatOfWords, withoutFormat } from '../../../src/cli/output-format.ts';
import { Output } from '../../../src/cli/output.ts';
import { printableYaml } from '../../../src/cli/printable-yaml.ts';
import { Workspace } from '../support/config.ts';
import { CLI_MS, runCli, runCliIn } from './run.ts';

/** All that a terminal does more with than show it. */
const ACTIVE = /[^\P{Cc}\n\t]|[\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;
/** What a program's own words or code are is no answer with a form. */
const WITHOUT_FORM = new Set(['exec', 'agent-code', 'completion', 'help', 'logs', 'report']);

describe('the form of an answer', function () {
  this.timeout(3 * CLI_MS);

  it('is chosen by -o in every command that answers', () => {
    for (const [id, { flags = {} }] of Object.entries(COMMANDS)) {
      if (WITHOUT_FORM.has(id)) continue;
      const option = Object.values(flags as Record<string, { char?: string; options?: readonly string[] }>).find(
        ({ char }) => char === 'o',
      );
      for (const form of ['json', 'yaml']) assert.ok(option?.options?.includes(form), `mirrord ${id} -o ${form}`);
    }
  });

  for (const args of [['status'], ['down', '--name', 'no-such'], ['version']]) {
    it(`mirrord ${args.join(' ')}`, () => {
      const json = runCli(...args, '--json');
      assert.equal(json.code, 0, json.stderr);
      assert.equal(runCli(...args, '-o', 'json').stdout, json.stdout);
      assert.deepEqual(parse(runCli(...args, '-oyaml').stdout), JSON.parse(json.stdout));
      assert.equal(runCli(...args, '--output=table').stdout, runCli(...args).stdout);
    });
  }

  it('is that of errors, too', () => {
    const args = ['explain', 'db', '--name', 'no-such'];
    const json = runCli(...args, '--json');
    assert.equal(json.code, 2);
    assert.equal(runCli(...args, '-o', 'json').stderr, json.stderr);
    assert.deepEqual(parseAllDocuments(runCli(...args, '-o', 'yaml').stderr)[0]?.toJS(), JSON.parse(json.stderr));
    assert.match(runCli(...args, '-o', 'table').stderr, /^Error: /);
  });

  it('is one of three, and said once', () => {
    assert.match(runCli('status', '-o', 'wide').stderr, /Expected --output=wide to be one of: json, yaml, table/);
    assert.match(runCli('status', '-o', 'yaml', '--json').stderr, /--json/);
  });

  it('is read of a command line that may be wrong', () => {
    const cases: readonly [string, string][] = [
      ['status', 'table'],
      ['status --json', 'json'],
      ['status -o yaml --nonsense', 'yaml'],
      ['status -oyaml', 'yaml'],
      ['status --output=json', 'json'],
      ['status --output yaml', 'yaml'],
      ['status -o wide', 'table'],
      ['status -o', 'table'],
      ['up --name output yaml', 'table'],
    ];
    for (const [line, format] of cases) assert.equal(formatOfWords(line.split(' ')), format, line);
    const line = 'up -o yaml -n x --json --output=table -ojson --output json -t pod/x'.split(' ');
    assert.deepEqual(withoutFormat(line), ['up', '-n', 'x', '-t', 'pod/x']);
  });
});

describe('YAML', () => {
  it('has escapes where a terminal would act, and reads back the same', () => {
    const name = 'a\x1b[2J\x7f\x9b2J\u202E\u2028\u{E0041}\uFEFFé🦊';
    const text = printableYaml({ name });
    assert.equal(text, 'name: "a\\e[2J\\u007f\\u009b2J\\u202e\\u2028\\U000e0041\\ufeffé🦊"\n');
    assert.deepEqual(parse(text), { name });
  });

  it('never acts, whatever is in keys and values', () => {
    const text = fc.string({
      unit: fc.constantFrom('\x1b', '\x9b', '\u202E', 'a', ' ', '\n', '"', "'", ':', '#', '-'),
    });
    fc.assert(
      fc.property(fc.dictionary(text, fc.oneof(text, fc.array(text))), (data) => {
        const written = printableYaml(data);
        assert.doesNotMatch(written, ACTIVE);
        assert.equal(JSON.stringify(parse(written)), JSON.stringify(data));
      }),
      { numRuns: 5000 },
    );
  });

  it('of several answers is one document each', async () => {
    let text = '';
    const write = await new Output({ write: (part) => (text += part.toString()) }).writer('yaml');
    write({ ready: ['a'] });
    write({ ended: { by: 'down' } });
    assert.deepEqual(
      parseAllDocuments(text).map((document) => document.toJS() as unknown),
      [{ ready: ['a'] }, { ended: { by: 'down' } }],
    );
  });
});

describe('mirrord verify-config for people and for CI', function () {
  this.timeout(3 * CLI_MS);
  let workspace: Workspace;
  before(async () => {
    workspace = await Workspace.make({
      'good.json': '{"target": "pod/x/container/c", "telemetry": true}',
      'bad.json': '{"targt": 1,\n"agent": {"ttl": "x"}}',
    });
  });
  after(() => workspace.remove());
  const verify = (...args: string[]) => runCliIn(workspace.path, 'verify-config', ...args);

  it('prints JSON and exits with 0, good or bad, unless told otherwise', () => {
    for (const [file, type] of [
      ['good.json', 'Success'],
      ['bad.json', 'Fail'],
    ] as const) {
      const { code, stdout } = verify(file);
      assert.deepEqual([code, (JSON.parse(stdout) as { type: string }).type], [0, type]);
      assert.equal((parse(verify('-o', 'yaml', file).stdout) as { type: string }).type, type);
    }
  });

  it('--exit-code', () => {
    assert.equal(verify('--exit-code', 'good.json').code, 0);
    assert.equal(verify('--exit-code', 'bad.json').code, 7);
    assert.equal(verify('--exit-code', 'no-such.json').code, 7);
  });

  it('-o table', () => {
    assert.equal(
      verify('-o', 'table', 'good.json').stdout,
      '! telemetry: it is accepted, but has no effect: no usage data is ever sent (good.json:1)\n' +
        '✔ good; target: pod/x/container/c\n',
    );
    const { stdout } = verify('-o', 'table', 'bad.json');
    assert.match(stdout, /^✘ targt: there is no such key.*\n✘ agent\.ttl = "x": .*\(bad\.json:2\)\n$/);
  });
});
