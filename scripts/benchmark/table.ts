/**
 * Medians of all rounds as one table: a row per value, a column per path, then what mirrord is of each other path: in
 * the sandbox of those there, through a real API server of kubectl.
 */
import type { Environment } from './environment.ts';
import type { Row } from './metric.ts';
import type { Letter } from './path.ts';

/** Values by row and path, one for each round. */
export type Results = Map<string, Map<Letter, number[]>>;

const PAIRS: readonly (readonly [Letter, Letter])[] = [
  ['M', 'D'],
  ['M', 'P'],
  ['M', 'S'],
  ['R', 'K'],
  ['R20', 'K20'],
];

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Environment, table, and notes on what went wrong by the way. */
export function formatText(
  environment: Environment,
  rows: readonly Row[],
  letters: readonly Letter[],
  results: Results,
  notes: readonly string[],
): string {
  const lines = Object.entries({ ...environment, versions: Object.values(environment.versions).join(', ') });
  return [
    ...lines.map(([key, value]) => `${key}: ${String(value)}`),
    `\n${formatTable(rows, letters, results)}`,
    ...notes.map((note) => `\nnote: ${note}`),
  ].join('\n');
}

export function formatJson(
  environment: Environment,
  rows: readonly Row[],
  results: Results,
  notes: readonly string[],
): string {
  const values = rows.flatMap((row) => {
    const measured = [...(results.get(row.key) ?? [])];
    const paths = measured.map(([letter, all]) => [letter, { median: median(all), all }] as const);
    return paths.length === 0 ? [] : [{ ...row, paths: Object.fromEntries(paths) }];
  });
  return JSON.stringify({ environment, values, notes }, null, 2);
}

function formatTable(rows: readonly Row[], letters: readonly Letter[], results: Results): string {
  const pairs = PAIRS.filter((pair) => pair.every((letter) => letters.includes(letter)));
  const header = ['', 'unit', ...letters, ...pairs.map((pair) => pair.join('/'))];
  const body = rows.flatMap((row) => {
    const values = results.get(row.key);
    if (values === undefined) return [];
    const at = (letter: Letter): number | undefined => {
      const rounds = values.get(letter);
      return rounds === undefined ? undefined : median(rounds);
    };
    const ratios = pairs.map((pair) => {
      const [own, other] = pair.map(at);
      return own === undefined || other === undefined || other === 0 ? '' : (own / other).toFixed(2);
    });
    return [[row.title, row.unit, ...letters.map((letter) => formatValue(at(letter))), ...ratios]];
  });
  const table = [header, header.map((_, i) => (i < 2 ? '---' : '---:')), ...body];
  const widths = header.map((_, column) => Math.max(...table.map((cells) => (cells[column] ?? '').length)));
  return table
    .map(
      (cells) =>
        `| ${cells.map((cell, i) => (i < 2 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(' | ')} |`,
    )
    .join('\n');
}

function formatValue(value: number | undefined): string {
  if (value === undefined) return '';
  if (Number.isInteger(value)) return String(value);
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(3);
}
