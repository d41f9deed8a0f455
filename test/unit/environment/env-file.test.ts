import assert from 'node:assert/strict';
import fc from 'fast-check';
import { MirrordError } from '../../../src/errors.ts';
import { parseEnvFile } from '../../../src/environment/index.ts';

const parse = (text: string): Record<string, string> => Object.fromEntries(parseEnvFile('.env', text));

describe('environment: .env files', () => {
  const good: readonly [string, string, Record<string, string>][] = [
    ['nothing', '', {}],
    ['blank lines and comments', '\n  \n# A=1\n  # B=2\n', {}],
    ['plain values', 'A=1\nB=two words\nC=\n', { A: '1', B: 'two words', C: '' }],
    ['no final line break', 'A=1', { A: '1' }],
    ['Windows line ends', "A=1\r\nB='x'\r\n\r\nC=3\r\n", { A: '1', B: 'x', C: '3' }],
    ['a byte order mark', '\uFEFFA=1', { A: '1' }],
    ['export', 'export A=1\n  export\tB=2', { A: '1', B: '2' }],
    ['a variable named export', 'export=1', { export: '1' }],
    ['blanks around =', 'A = 1 \n B\t=\t2', { A: '1', B: '2' }],
    [
      'comments behind values',
      'A=1 # one\nB=a#b\nC=#none\nD=\'x\' # four\nE="#"',
      { A: '1', B: 'a#b', C: '', D: 'x', E: '#' },
    ],
    ['single quotes hold everything', "A='$B \\n \"#'", { A: '$B \\n "#' }],
    ['backquotes hold everything', 'A=`it\'s "$B"`', { A: 'it\'s "$B"' }],
    ['double quotes know escapes', 'A="a\\nb\\t\\"c\\" \\\\ \\$ \\x"', { A: 'a\nb\t"c" \\ $ \\x' }],
    ['several lines', "KEY='-----BEGIN\nabc=\n-----END'\nB=1", { KEY: '-----BEGIN\nabc=\n-----END', B: '1' }],
    ['several lines in double quotes', 'A="1\n2"\nB=3', { A: '1\n2', B: '3' }],
    ['dollars are no references', 'A=pa$$word\nB="${A}"', { A: 'pa$$word', B: '${A}' }],
    ['an equals sign in the value', 'A=b=c==', { A: 'b=c==' }],
    ['quotes inside a plain value', "A=it's", { A: "it's" }],
    ['dots and hyphens in names', 'spring.url-x=1', { 'spring.url-x': '1' }],
    ['the last of two', 'A=1\nA=2', { A: '2' }],
  ];
  for (const [title, text, expected] of good) it(title, () => assert.deepEqual(parse(text), expected));

  const bad: readonly [string, string, number, RegExp][] = [
    ['no equals sign', 'A=1\n\nhunter2\n', 3, /does not start with NAME=/],
    ['a name with a blank', 'A B=hunter2', 1, /does not start with NAME=/],
    ['a name that begins with a digit', '1A=hunter2', 1, /does not start with NAME=/],
    ['an open quote', "A=1\nB='hunter2\nC=3\n", 2, /quote ' of B is never closed/],
    ['an open double quote', 'A="hunter2\\"', 1, /quote " of A is never closed/],
    ['text behind a quote', "A='1\n2' hunter2", 2, /more after the closing quote of A/],
    ['a NUL', 'A=hunter2\0', 1, /contains a NUL byte/],
  ];
  for (const [title, text, line, reason] of bad) {
    it(`refuses ${title}, with the line and without its text`, () => {
      assert.throws(
        () => parse(text),
        (error) => {
          assert(error instanceof MirrordError);
          assert.equal(error.code, 'env-file-invalid');
          assert(error.message.includes(`.env, line ${line}:`), error.message);
          assert.match(error.message, reason);
          assert(!`${error.message}${error.help}`.includes('hunter2'), error.message);
          return true;
        },
      );
    });
  }

  it('ends on any text, with variables or with its own error', () => {
    const bits = fc.constantFrom('A', '=', "'", '"', '`', '\\', '\n', '\r', ' ', '#', 'export ', '$', '\0', 'é');
    fc.assert(
      fc.property(fc.array(bits, { maxLength: 30 }), (parts) => {
        try {
          parseEnvFile('f', parts.join(''));
        } catch (error) {
          assert(error instanceof MirrordError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
