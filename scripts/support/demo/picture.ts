/**
 * `picture.ts`: makes docs/demo.svg from what a real run of the demo prints, which comes by standard input.
 *
 * The picture is text in a terminal's window, moved by CSS alone: GitHub shows images without scripts.  Where nothing
 * moves, its end stands there.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const FILE = join(import.meta.dirname, '../../../docs/demo.svg');
const COLUMNS = 96;
const ROWS = 26;
const ROW_PX = 18;
const COLUMN_PX = 8.43;
const MARGIN_PX = 16;
/** How long a line is looked at before the next one, s. */
const SECONDS = { command: 1.4, narration: 1.6, output: 0.25 } as const;

interface Row {
  readonly text: string;
  readonly kind: keyof typeof SECONDS;
}

/** The lines from the first word of the demo on, without paths and numbers of the machine that it ran on. */
export function rowsOf(output: string): readonly Row[] {
  const lines = output
    .slice(output.indexOf('\nTwo network namespaces') + 1)
    .replaceAll('/run/checkout/bin/mirrord', 'mirrord')
    .replaceAll(/mirrord-[0-9a-f]{6}-cluster/g, 'lab')
    .trimEnd()
    .split('\n');
  return lines.flatMap((line, index) => {
    const isNarration = line !== '' && lines[index - 1] === '' && !line.startsWith('$') && /[.:]$/.test(line);
    const kind = line.startsWith('$ ') ? 'command' : isNarration || index === 0 ? 'narration' : 'output';
    return pieces(line).map((text) => ({ text, kind }) as const);
  });
}

/** Broken at words, whose blanks stay at the end of their row, so that the rows put together are the line. */
const pieces = (line: string): readonly string[] =>
  line.match(new RegExp(`.{1,${COLUMNS}}$|.{0,${COLUMNS - 1}}\\s|.{1,${COLUMNS}}`, 'gu')) ?? [''];

export function pictureOf(rows: readonly Row[]): string {
  let at = 0;
  const times = rows.map(({ kind, text }) => (at += text === '' ? 0 : SECONDS[kind]));
  const last = Math.max(0, rows.length - ROWS);
  const steps = times.flatMap((time, index) =>
    index < ROWS ? [] : [`${((time / at) * 100).toFixed(2)}%{transform:translateY(${-(index - ROWS + 1) * ROW_PX}px)}`],
  );
  const [width, height] = [Math.ceil(COLUMNS * COLUMN_PX) + 2 * MARGIN_PX, ROWS * ROW_PX + 2 * MARGIN_PX];
  const texts = rows.map(
    ({ text, kind }, index) =>
      `<text class="${kind}" y="${(index + 1) * ROW_PX - 5}" style="animation-delay:${times[index]?.toFixed(2)}s">${escaped(text)}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>scripts/demo: every program of this machine reaches the cluster</title>
<style>
text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;white-space:pre;fill:#d0d7de;animation:come .01s backwards}
.command{fill:#7ee787;font-weight:600}.narration{fill:#79c0ff}
.page{transform:translateY(${-last * ROW_PX}px);animation:scroll ${at.toFixed(2)}s step-end backwards}
@keyframes come{from{opacity:0}}
@keyframes scroll{0%{transform:translateY(0)}${steps.join('')}}
@media (prefers-reduced-motion:reduce){text,.page{animation:none}}
</style>
<rect width="${width}" height="${height}" rx="8" fill="#161b22"/>
<svg x="${MARGIN_PX}" y="${MARGIN_PX}" width="${width - 2 * MARGIN_PX}" height="${ROWS * ROW_PX}"><g class="page">
${texts.join('\n')}
</g></svg>
</svg>
`;
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

if (process.argv[1] === import.meta.filename) writeFileSync(FILE, pictureOf(rowsOf(readFileSync(0, 'utf8'))));
