/** Medians of all rounds as one table: a row per value, a column per path, then what mirrord is of each other path. */
import type { Row } from './metric.ts';
import type { Letter } from './path.ts';

/** Values by row and path, one for each round. */
export type Results = Map<string, Map<Letter, number[]>>;

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export function formatTable(rows: readonly Row[], letters: readonly Letter[], results: Results): string {
  const others = letters.includes('M') ? letters.filter((letter) => letter !== 'M') : [];
  const header = ['', 'unit', ...letters, ...others.map((letter) => `M/${letter}`)];
  const body = rows.flatMap((row) => {
    const values = results.get(row.key);
    if (values === undefined) return [];
    const at = (letter: Letter): number | undefined => {
      const rounds = values.get(letter);
      return rounds === undefined ? undefined : median(rounds);
    };
    const own = at('M');
    const ratios = others.map((letter) => {
      const other = at(letter);
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
