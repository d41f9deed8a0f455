import assert from 'node:assert/strict';
import fc from 'fast-check';
import { printable, printableJson } from '../../../src/cli/printable.ts';

/** All that a terminal does more with than show it. */
const ACTIVE = /[^\P{Cc}\n\t]|[\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

describe('what is printed of a text from elsewhere', () => {
  const cases: readonly [string, string, string][] = [
    ['colours', '\x1b[31mred\x1b[0m', 'red'],
    ['a screen cleared', 'a\x1b[2J\x1b[Hb', 'ab'],
    ['C1 controls', 'a\x9b2Jb\x85c', 'ab\uFFFDc'],
    ['a title', '\x1b]0;title\x07a\x1b]0;title\x1b\\b\x9dtitle\x9cc', 'abc'],
    ['a link', '\x1b]8;;http://evil\x1b\\text\x1b]8;;\x1b\\', 'text'],
    ['a clipboard', '\x1b]52;c;ZXZpbA==\x07a', 'a'],
    ['a device control string', '\x1bP$q"p\x1b\\a\x1b_x\x1b\\b', 'ab'],
    ['charsets and resets', '\x1b(0a\x1bcb\x1b7', 'ab'],
    ['sequences within sequences', '\x1b\x1b[A[2Ja', '\uFFFD[2Ja'],
    ['what does not end', '\x1b]0;title', '\uFFFD]0;title'],
    ['a line written over', 'good\rbad', 'goodbad'],
    ['backspaces and bells', 'good\b\b\x07', 'good\uFFFD\uFFFD\uFFFD'],
    ['the reading direction', 'pay\u202Estnem', 'pay\uFFFDstnem'],
    ['isolates and marks', '\u2066a\u2069\u200F', '\uFFFDa\uFFFD\uFFFD'],
    ['zero width', 'pay\u200Bments\uFEFF\u00AD', 'pay\uFFFDments\uFFFD\uFFFD'],
    ['tags', 'a\u{E0041}', 'a\uFFFD'],
    ['line separators', 'a\u2028b\u2029c', 'a\uFFFDb\uFFFDc'],
    ['halves of characters', 'a\uD83Db', 'a\uFFFDb'],
    ['words of any language, lines and tabs', 'zażółć\t日本\n🦊', 'zażółć\t日本\n🦊'],
  ];
  for (const [title, text, expected] of cases) {
    it(title, () => assert.equal(printable(text), expected));
  }

  it('never acts, whatever it is', () => {
    const text = fc.string({
      unit: fc.constantFrom('\x1b', '\x9b', '\x9d', '\x9c', '[', ']', '\\', '0', ';', 'A', '\n', '\u202E', '\x07'),
    });
    fc.assert(
      fc.property(text, (value) => assert.doesNotMatch(printable(value), ACTIVE)),
      { numRuns: 2000 },
    );
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (value) => assert.doesNotMatch(printable(value), ACTIVE)));
  });

  it('takes no longer than the text is long', () => {
    for (const part of ['\x1b]', '\x1b]0;a', '\x1b[1;', '\x9b1', '\x1b', '\x9d', '\x1bP', '\x1b ', 'a']) {
      const started = performance.now();
      printable(part.repeat(300_000));
      assert.ok(performance.now() - started < 2_000, JSON.stringify(part));
    }
    const started = performance.now();
    printable(`\x1b[${'1;'.repeat(500_000)}\x1b]${'a'.repeat(1_000_000)}`);
    assert.ok(performance.now() - started < 2_000);
  });
});

describe('JSON', () => {
  it('has escapes where a terminal would act, and reads back the same', () => {
    const text = printableJson({ name: 'a\x1b[2J\x7f\x9b2J\u202E\u2028\u{E0041}\uFEFFé🦊' });
    assert.equal(text, '{"name":"a\\u001b[2J\\u007f\\u009b2J\\u202e\\u2028\\udb40\\udc41\\ufeffé🦊"}');
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        assert.equal(JSON.parse(printableJson(value)), value);
        assert.doesNotMatch(printableJson(value), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      }),
    );
  });
});
