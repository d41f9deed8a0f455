import { equal, match, ok, throws } from 'node:assert/strict';
import fc from 'fast-check';
import { Regex } from '../../../src/http-filter/regex/regex.ts';
import { PatternError } from '../../../src/http-filter/regex/syntax.ts';

const matches = (pattern: string, text: string): boolean => new Regex(pattern, { ignoreCase: false }).test(text);

describe('patterns of filters', () => {
  const TRUE: readonly (readonly [string, string])[] = [
    ['', ''],
    ['b', 'abc'],
    ['^abc$', 'abc'],
    ['a|bc|', 'x'],
    ['^(a|b)*c$', 'ababc'],
    ['^a{2,3}$', 'aaa'],
    ['^a{2,}$', 'aaaa'],
    ['^a{0}$', ''],
    ['a{,2}', 'a{,2}'],
    ['^[^a-c]+$', 'xyz-'],
    ['^[]a]+$', ']a'],
    ['^[a\\-z]+$', 'a-z'],
    ['^[a-]+$', 'a-'],
    ['^[[:digit:]_[:^space:]]+$', '1_x'],
    ['^\\d+\\.\\w+\\s$', '12.ab_3\t'],
    ['\\bcat\\b', 'a cat.'],
    ['\\Bcat', 'concat'],
    ['(?i)ALICE', 'x-user: alice'],
    ['a(?i)b(?-i)c', 'aBc'],
    ['(?i:a)b', 'Ab'],
    ['(?m)^b$', 'a\nb\nc'],
    ['(?s)a.b', 'a\nb'],
    ['(?P<name>a)(?<other>b)', 'ab'],
    ['^a+?$', 'aaa'],
    ['\\x41\\u0042\\x{43}', 'ABC'],
    ['^/api(?!/internal)', '/api/users'],
    ['(?<=id=)\\d', 'id=7'],
    ['(?<!no-)cache', 'a cache'],
    ['^(?=.*a)(?=.*b)', 'xxbxxa'],
    ['^(?!.*(?<=x)y)', 'xzy'],
    ['\\Aa\\z', 'a'],
    ['^ü$', 'ü'],
  ];
  for (const [pattern, text] of TRUE)
    it(`${pattern} is found in ${JSON.stringify(text)}`, () => ok(matches(pattern, text)));

  const FALSE: readonly (readonly [string, string])[] = [
    ['^b', 'ab'],
    ['a$', 'ab'],
    ['^a{2,3}$', 'aaaa'],
    ['a.b', 'a\nb'],
    ['alice', 'ALICE'],
    ['a(?i)b(?-i)c', 'aBC'],
    ['\\bcat\\b', 'concat'],
    ['^/api(?!/internal)', '/api/internal/x'],
    ['(?<!no-)cache', 'no-cache'],
    ['^(?=.*a)(?=.*b)', 'xxa'],
    ['$a', 'a'],
  ];
  for (const [pattern, text] of FALSE)
    it(`${pattern} is not found in ${JSON.stringify(text)}`, () => ok(!matches(pattern, text)));

  it('ignores case where asked, beyond ASCII too', () => {
    ok(new Regex('^grüße [^a]$', { ignoreCase: true }).test('GRÜßE b'));
    ok(!new Regex('^[^a]$', { ignoreCase: true }).test('A'));
  });

  const REFUSED: readonly (readonly [string, RegExp])[] = [
    ['(a', /unclosed group/],
    ['a)', /unopened group/],
    ['[a', /unclosed brackets/],
    ['*a', /nothing to repeat/],
    ['a**', /repeat of a repeat/],
    ['a++', /possessive/],
    ['^*', /without width/],
    ['(a)\\1', /back reference/],
    ['\\k<a>', /back reference/],
    ['(?>a)', /atomic group/],
    ['(?z)', /unknown kind of group/],
    ['\\p{L}', /Unicode property/],
    ['[a&&b]', /set operation/],
    ['[a[bc]]', /brackets inside/],
    ['[z-a]', /range that ends/],
    ['a{3,2}', /count that ends/],
    ['a{100000}', /count above/],
    ['((a{100}){100}){100}', /too large/],
    ['\\', /lone backslash/],
    ['\\q', /unknown escape/],
    ['('.repeat(200), /groups within/],
    ['a'.repeat(20_000), /longer than/],
  ];
  for (const [pattern, reason] of REFUSED)
    it(`refuses ${pattern.slice(0, 24)}`, () =>
      throws(
        () => matches(pattern, ''),
        (error: unknown) => {
          ok(error instanceof PatternError);
          match(error.message, reason);
          return true;
        },
      ));

  it('finds what JavaScript finds', () => {
    const atom = fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '\\b', '^', '$', '\\w', '(?=b)', '(?<!a)');
    const repeatable = fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '\\w');
    const repeated = fc
      .tuple(repeatable, fc.constantFrom('*', '+', '?', '{2}', '{1,2}', '*?'))
      .map((pair) => pair.join(''));
    const pattern = fc.letrec<{ one: string; whole: string }>((tie) => ({
      one: fc.oneof(
        { maxDepth: 3 },
        atom,
        repeated,
        tie('whole').map((inner) => `(${inner})`),
        tie('whole').map((inner) => `(?:${inner})*`),
        tie('whole').map((inner) => `(?!${inner})`),
        tie('whole').map((inner) => `(?<=${inner})`),
      ),
      whole: fc.array(tie('one'), { maxLength: 4 }).map((parts) => parts.join('')),
    })).whole;
    const choice = fc.array(pattern, { minLength: 1, maxLength: 3 }).map((options) => options.join('|'));
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', ' ', '\n'), maxLength: 8 });
    fc.assert(
      fc.property(choice, fc.array(text, { minLength: 1, maxLength: 5 }), (source, texts) => {
        const ours = new Regex(source, { ignoreCase: false });
        const theirs = new RegExp(source);
        for (const one of texts) equal(ours.test(one), theirs.test(one), JSON.stringify(one));
      }),
      { numRuns: 3_000 },
    );
  });

  it('takes bounded time, whatever the text', () => {
    const text = 'a'.repeat(65_536);
    for (const pattern of ['(a+)+$b', '(a|aa)+$b', 'a*a*a*a*a*b', '(.*a){12}b', '(?=(a+)+b)x', '(a?){500}a{500}b']) {
      const regex = new Regex(pattern, { ignoreCase: true });
      const start = performance.now();
      ok(!regex.test(text), pattern);
      const took = performance.now() - start;
      ok(took < 2_000, `${pattern}: ${took} ms`);
    }
  });

  it('goes on after more states than it remembers', () => {
    const regex = new Regex('^(a|b)*a(a|b){12}$', { ignoreCase: false });
    const random = (seed: number): string =>
      Array.from({ length: 400 }, (_, at) => (((seed * (at + 7) ** 2) >> 3) & 1 ? 'a' : 'b')).join('');
    for (let seed = 1; seed < 40; seed++) {
      const text = random(seed);
      equal(regex.test(text), text[text.length - 13] === 'a');
    }
  });
});
