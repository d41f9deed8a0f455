/** Configurations that cannot work: the key or the line is named, and nothing is changed on the machine. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync } from 'node:fs';
import { machineState } from '../../../scripts/sandbox/machine-state.ts';
import { mirrord } from '../support/session.ts';
import { useTwoSides } from '../support/two-sides.ts';

const LOCAL = 'feature.network.outgoing.filter.local';

describe('configuration that cannot work', () => {
  const held = useTwoSides(['10.96.20.1']);
  let untouched = '';
  before(async () => {
    untouched = await machineState(held.world.sandbox.developer);
  });

  /** `up` as it is called: exit 2, words that say what and where, no stack, the machine as it was. */
  async function refused(args: readonly string[], says: RegExp): Promise<void> {
    const target = `netns/${held.world.sandbox.target}`;
    const { code, stdout, stderr } = await mirrord(held.world.sandbox, ['up', '-t', target, ...args], 'sudo');
    assert.equal(code, 2, stderr);
    assert.match(stderr, says);
    assert.match(stderr, /^Error: /m);
    assert.doesNotMatch(stdout + stderr, /^\s+at .*[(:]\d+\)?$/m, 'no stack trace');
    assert.equal(await machineState(held.world.sandbox.developer), untouched);
  }

  const entry = (text: string): object => ({
    feature: { network: { outgoing: { filter: { local: ['fine.example', text] } } } },
  });

  const entries: readonly [string, RegExp][] = [
    ['tcp://google.com/24:7777', /\/24/],
    [':7777udp://', /position \d+/],
    ['meow://', /meow/],
    ['::1', /bracket/i],
    ['name/24', /name/],
    ['1.2.3.4/33', /33/],
    ['a*b', /\*/],
    ['host:0', /port/i],
    ['host:65536', /port/i],
    ['ho st', /blank|space|" "/i],
    ['', /empty/i],
  ];
  for (const [text, reason] of entries) {
    it(`entry ${JSON.stringify(text)}: key, entry, position and reason`, async () => {
      const file = held.world.file(entry(text));
      await refused(['-f', file], new RegExp(`${LOCAL.replaceAll('.', '\\.')}\\[1\\].*position \\d+`));
      const { stdout, code } = await mirrord(held.world.sandbox, ['verify-config', file]);
      assert.equal(code, 0);
      const report = JSON.parse(stdout) as { type: string; errors: string[] };
      assert.equal(report.type, 'Fail');
      assert.equal(report.errors.length, 1);
      assert.match(report.errors[0] ?? '', reason);
    });
  }

  const files: readonly { what: string; name?: string; content: string; says: RegExp }[] = [
    {
      what: 'both lists',
      content: '{"feature":{"network":{"outgoing":{"filter":{"local":["a"],"remote":["b"]}}}}}',
      says: /exclude each other/,
    },
    {
      what: 'an empty list',
      content: '{"feature":{"network":{"outgoing":{"filter":{"local":[]}}}}}',
      says: /filter\.local.*empty/,
    },
    { what: 'an unknown key', content: '{\n"feature": {\n"netwrok": {}}}', says: /feature\.netwrok.*network/s },
    { what: 'a key twice', content: '{"feature": {},\n "feature": {}}', says: /feature/ },
    { what: 'an empty file', content: '', says: /empty/i },
    { what: 'a file of blanks', content: ' \n\n', says: /empty/i },
    { what: 'broken JSON', content: '{\n "feature": {\n', says: /mirrord\.json:\d/ },
    { what: 'broken TOML', name: 'mirrord.toml', content: '[feature\n', says: /mirrord\.toml:1/ },
    { what: 'broken YAML', name: 'mirrord.yaml', content: 'feature: [\n', says: /mirrord\.yaml:\d/ },
    { what: 'another extension', name: 'mirrord.ini', content: '', says: /ini/ },
    { what: '10 MB', content: `{"key":"${'x'.repeat(10 << 20)}"}`, says: /2 MB|too large|larger/i },
    { what: 'binary junk', content: '\u0000\u0001\ufffd\u0000{{', says: /mirrord\.json/ },
    { what: 'deep nesting', content: '['.repeat(100_000) + ']'.repeat(100_000), says: /nest|deep/i },
    {
      what: 'a template that fails',
      content: '{"key": "{{ get_env(name="NO_SUCH_VARIABLE") }}"}',
      says: /NO_SUCH_VARIABLE/,
    },
    { what: 'a template that loops', content: '{"key": "{{ key }}"}', says: /key/ },
    { what: 'a template statement', content: '{% for a in range(10) %}{% endfor %}', says: /\{%|statement/ },
  ];
  for (const { what, name, content, says } of files) {
    it(`${what}: said, and nothing changed`, async () => {
      await refused(['-f', held.world.file(content, name)], says);
    });
  }

  it('a folder, a file that may not be read, and one that is not there', async () => {
    const folder = held.world.file('', 'folder.json').replace('folder.json', 'a-folder.json');
    mkdirSync(folder, { recursive: true });
    await refused(['-f', folder], /a-folder\.json.*folder|folder.*a-folder\.json/i);
    const secret = held.world.file('{}', 'secret.json');
    chmodSync(secret, 0o000);
    await refused(['-f', secret], /secret\.json/);
    await refused(['-f', '/no/such/file.json'], /no\/such\/file\.json/);
  });

  it('standard input that is no JSON', async () => {
    await refused(['-f', '-'], /standard input|empty/i);
  });

  it('everything local: said before anything is changed', async () => {
    const file = held.world.file({ feature: { network: { outgoing: { filter: { local: ['any://'] } } } } });
    const target = `netns/${held.world.sandbox.target}`;
    const { code, stdout } = await mirrord(held.world.sandbox, ['up', '-t', target, '-f', file, '--dry-run'], 'sudo');
    assert.equal(code, 0);
    assert.match(
      stdout,
      /warning +Nothing is routed to the cluster: .*local\[0\] = "any:\/\/" keeps everything on this machine/,
    );
    assert.equal(await machineState(held.world.sandbox.developer), untouched);
  });

  it('a dry run of what only root may look into says so', async () => {
    const target = `netns/${held.world.sandbox.target}`;
    const { code, stderr } = await mirrord(held.world.sandbox, ['up', '-t', target, '--dry-run']);
    assert.equal(code, 3, stderr);
    assert.match(stderr, /Run it with sudo: sudo \S*mirrord up -t netns\/\S+ --dry-run$/m);
  });

  it('10,000 entries', async () => {
    const local = Array.from({ length: 10_000 }, (_, n) => `10.244.${n >> 8}.${n & 255}`);
    await held.world.up({ outgoing: { filter: { local } } });
    assert.equal(await held.world.programs.ask('tcp', '10.96.20.1'), 'cluster');
    const { side, rule } = await held.world.explain('10.244.3.7');
    assert.equal(side, 'local');
    assert.equal(rule?.value, '10.244.3.7');
    await held.world.down();
    assert.equal(await machineState(held.world.sandbox.developer), untouched);
  });

  it('more entries than a list may have are refused', async () => {
    const local = Array.from({ length: 16_001 }, (_, n) => `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`);
    await refused(
      ['-f', held.world.file({ feature: { network: { outgoing: { filter: { local } } } } })],
      /more than 16000 entries/,
    );
  });
});
