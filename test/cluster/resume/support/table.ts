/** `table.ts FILE...`: what RELIABILITY_RECORD has collected, as the table of docs/reliability.md. */
import { readFileSync } from 'node:fs';

interface Line {
  readonly name: string;
  readonly ms: number;
  readonly right: number;
  readonly wrong: readonly string[];
  readonly bytes: number;
}

const seconds = (ms: number): string => (ms < 100 ? '< 0.1 s' : `${(ms / 1_000).toFixed(1)} s`);

const byName = new Map<string, Line[]>();
for (const file of process.argv.slice(2)) {
  for (const text of readFileSync(file, 'utf8').trim().split('\n')) {
    const line = JSON.parse(text) as Line;
    byName.set(line.name, [...(byName.get(line.name) ?? []), line]);
  }
}
console.log(
  '| fault | tried | flows | bytes each way | lost | p50 | max |\n| --- | --- | --- | --- | --- | --- | --- |',
);
for (const [name, lines] of byName) {
  const total = (of: (line: Line) => number): number => lines.reduce((sum, line) => sum + of(line), 0);
  const times = lines.map(({ ms }) => ms).toSorted((a, b) => a - b);
  // The upper of the two in the middle, when there are two.
  const middle = times[Math.floor(times.length / 2)] ?? 0;
  const cells = [
    name,
    lines.length,
    total(({ right, wrong }) => right + wrong.length),
    `${Math.round(total(({ bytes }) => bytes) / 1e6)} MB`,
    total(({ wrong }) => wrong.length),
    seconds(middle),
    seconds(times.at(-1) ?? 0),
  ];
  console.log(`| ${cells.join(' | ')} |`);
}
