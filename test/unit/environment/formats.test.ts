import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { parseEnv } from 'node:util';
import fc from 'fast-check';
import { parseEnvFile, parseProcessEnvironment, writeEnvironment } from '../../../src/environment/index.ts';

const SAMPLE = new Map([
  ['PLAIN', 'http://db.prod:5432/x?y=1'],
  ['EMPTY', ''],
  ['BLANKS', ' two  words '],
  ['QUOTES', `it's "both" \`three\``],
  ['LINES', 'first\nsecond\n'],
  ['RETURN', 'a\rb'],
  ['DOLLAR', '$(rm -rf /) $HOME `id` \\'],
  ['COMMENT', '# no comment'],
  ['UNICODE', 'grüße 🦀'],
  ['spring.url', 'dotted'],
]);

describe('environment: formats', () => {
  const names = fc.stringMatching(/^[A-Za-z_]\w{0,8}$/);
  const bits = fc.constantFrom(
    "'",
    '"',
    '`',
    '\\',
    '$',
    '\n',
    '\r',
    '\t',
    ' ',
    '#',
    '=',
    'a',
    'n',
    '(',
    '!',
    'é',
    '🦀',
  );
  const values = fc.array(bits, { maxLength: 12 }).map((parts) => parts.join(''));
  const variables = fc
    .dictionary(names, values, { maxKeys: 6, noNullPrototype: true })
    .map((o) => new Map(Object.entries(o)));
  const inOrder = (map: ReadonlyMap<string, string>): Record<string, string> => Object.fromEntries(map);

  it('dotenv', () => {
    const { text, omitted } = writeEnvironment(SAMPLE, 'dotenv');
    assert.equal(
      text,
      [
        `BLANKS=' two  words '`,
        `COMMENT='# no comment'`,
        "DOLLAR='$(rm -rf /) $HOME `id` \\'",
        'EMPTY=',
        "LINES='first\nsecond\n'",
        `PLAIN='http://db.prod:5432/x?y=1'`,
        'QUOTES="it\'s \\"both\\" \\`three\\`"',
        'RETURN="a\\rb"',
        `UNICODE='grüße 🦀'`,
        'spring.url=dotted',
        '',
      ].join('\n'),
    );
    assert.deepEqual(omitted, []);
  });

  it("dotenv, read by Node's own reader: the same, but for what is called doubtful", () => {
    fc.assert(
      fc.property(variables, (given) => {
        const { text, doubtful } = writeEnvironment(given, 'dotenv');
        // One wrong value can take the next with it.
        if (doubtful.length === 0) assert.deepEqual(parseEnv(text), inOrder(given));
      }),
      { numRuns: 1000 },
    );
    assert.deepEqual(writeEnvironment(SAMPLE, 'dotenv').doubtful, ['QUOTES', 'RETURN']);
  });

  it('json', () => {
    const { text, omitted } = writeEnvironment(SAMPLE, 'json');
    assert.deepEqual(new Map(Object.entries(JSON.parse(text) as object)), SAMPLE);
    assert.deepEqual(omitted, []);
  });

  it('shell', () => {
    const { text, omitted } = writeEnvironment(SAMPLE, 'shell');
    assert(text.includes(`export QUOTES='it'\\''s "both" \`three\`'\n`));
    assert(text.includes("export LINES='first\nsecond\n'\n"));
    assert.deepEqual(omitted, [{ name: 'spring.url', reason: 'a shell has no variables with such a name' }]);
  });

  it('docker', () => {
    const { text, omitted } = writeEnvironment(SAMPLE, 'docker');
    assert(text.includes(`QUOTES=it's "both" \`three\`\n`));
    assert(text.includes('BLANKS= two  words \n'));
    assert(text.includes('RETURN=a\rb\n'));
    assert.deepEqual(omitted, [{ name: 'LINES', reason: '--env-file cannot hold a value with line breaks' }]);
  });

  it('docker: leaves out what its reader would cut or give up on', () => {
    const odd = new Map([
      ['END', 'a\r'],
      ['LONG', 'x'.repeat(65_536)],
      ['#A', '1'],
      ['FITS', 'x'.repeat(65_000)],
    ]);
    const { text, omitted } = writeEnvironment(odd, 'docker');
    assert.deepEqual(Object.keys(fromDocker(text)), ['FITS']);
    assert.deepEqual(
      omitted.map(({ name }) => name),
      ['#A', 'END', 'LONG'],
    );
  });

  it('dotenv comes back as it was', () => {
    fc.assert(
      fc.property(variables, (given) => {
        const { text, omitted } = writeEnvironment(given, 'dotenv');
        assert.deepEqual(omitted, []);
        assert.deepEqual(inOrder(parseEnvFile('f', text)), inOrder(given));
      }),
      { numRuns: 1000 },
    );
  });

  it('docker comes back as it was, without what it says that it left out', () => {
    fc.assert(
      fc.property(variables, (given) => {
        const { text, omitted } = writeEnvironment(given, 'docker');
        const gone = new Set(omitted.map((each) => each.name));
        assert.deepEqual(fromDocker(text), inOrder(new Map([...given].filter(([each]) => !gone.has(each)))));
      }),
      { numRuns: 1000 },
    );
  });

  it('a shell evaluates its text to the same values, and to nothing else', () => {
    const shells = ['sh', 'bash'].filter((shell) => canRun(shell));
    assert(shells.includes('sh'));
    for (const shell of shells) {
      // One shell for many values: a process each would take a second for every hundred.
      const samples = fc.sample(fc.tuple(names, values), 500);
      // The prefix keeps the names off those that mean something to the shell.
      const given = new Map(samples.map(([key, text], index) => [`M_${index}_${key}`, text]));
      const { text } = writeEnvironment(given, 'shell');
      const output = execFileSync(shell, ['-c', 'eval "$1"; exec env -0', 'sh', text], {
        env: { PATH: process.env['PATH'] },
      });
      const seen = parseProcessEnvironment(output.toString());
      assert.deepEqual(new Map([...seen].filter(([key]) => key.startsWith('M_'))), given);
    }
  });
});

/** How `docker run --env-file` reads: lines, blanks in front removed, `#` first is a comment, the rest verbatim. */
function fromDocker(text: string): Record<string, string> {
  const lines = text.split('\n').map((line) => line.replace(/\r$/, '').replace(/^[ \t]+/, ''));
  const entries = lines.filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(
    entries.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}

function canRun(shell: string): boolean {
  try {
    execFileSync(shell, ['-c', ':']);
    return true;
  } catch {
    return false;
  }
}
