import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../../..');

/** What readers stumble over, and what to write instead. */
const BANNED: readonly (readonly [RegExp, string])[] = [
  [/\bnobody\b/i, 'an ornament: say what is not there (no program, no client, nothing)'],
  [/\bwhoever\b/i, 'an ornament: name the one who does it'],
  [/\bwho reads\b/i, 'ambiguous: "the reader"'],
  [/\banew\b/, 'old-fashioned: "again"'],
  [/\bbeware\b/, 'old-fashioned: "note"'],
  [/\bwhose network is taken\b/, 'nothing is taken away: "the network to join"'],
  [/\b(?:it|this|that) is no (?:address|domain|host|name|number|port|range|target|user)\b/, '"is not a ..."'],
  [/\bstands? there\b/, '"is there", "appears"'],
  [/’/, "a straight apostrophe, as everywhere else: '"],
];

/** Sources with their messages and comments, help screens, and pages. */
const FILES = ['src/**/*.ts', 'test/unit/cli/help/*.txt', 'docs/*.md', '*.md'];

describe('plain English', () => {
  const texts = FILES.flatMap((pattern) => globSync(pattern, { cwd: root })).map(
    (file) => [file, readFileSync(join(root, file), 'utf8').split('\n')] as const,
  );

  for (const [phrase, reason] of BANNED) {
    it(`has no ${phrase.source}: ${reason}`, () => {
      const found = texts.flatMap(([file, lines]) =>
        lines.flatMap((line, i) => (phrase.test(line) ? [`${file}:${i + 1}: ${line.trim()}`] : [])),
      );
      assert.deepEqual(found, []);
    });
  }

  it('is read from every kind of file', () => {
    for (const part of ['src/cli/commands/up.ts', 'test/unit/cli/help/up.txt', 'docs/errors.md', 'README.md']) {
      assert.ok(
        texts.some(([file]) => file === part),
        part,
      );
    }
  });
});
