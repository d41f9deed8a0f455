/** What can be measured of a path. */
import type { Letter, Path } from './path.ts';

export interface Pace {
  readonly seconds: number;
  readonly warmUpSeconds: number;
}

export interface Tools {
  /** Path of the compiled `wire.c`. */
  readonly wire: string;
}

export interface Row {
  /** Key of the value in what `measure` resolves to. */
  readonly key: string;
  readonly title: string;
  readonly unit: string;
}

export interface Metric {
  /** What `--only` names. */
  readonly name: string;
  readonly rows: readonly Row[];
  /** Paths on which it has a meaning. */
  readonly paths: readonly Letter[];
  measure(path: Path, pace: Pace, tools: Tools): Promise<Readonly<Record<string, number>>>;
}
