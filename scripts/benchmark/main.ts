/**
 * `main.ts [--kubernetes] [--quick] [--json] [--force] [--paths DPSM] [--only METRIC]...`: measures every path in
 * interleaved rounds.
 *
 * A round measures each metric once on each path, and every round begins with another path, so that what drifts (a
 * warmer CPU, a neighbour) falls on all of them.  What is compared is the medians' ratios, never two runs.  What failed
 * is measured again, on a path that is started again when it has ended by itself; a note under the table tells of it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { must } from '../sandbox/command.ts';
import { createSandbox } from '../sandbox/index.ts';
import { kubectlProgram, openClusterPaths } from './cluster-paths.ts';
import type { ClusterPaths } from './cluster-paths.ts';
import { describeEnvironment } from './environment.ts';
import type { Metric, Pace, Tools } from './metric.ts';
import { METRICS } from './metrics/index.ts';
import type { Path } from './path.ts';
import { openPaths, startServers } from './paths.ts';
import { formatJson, formatText } from './table.ts';
import type { Results } from './table.ts';

const FULL: Pace & { rounds: number } = { seconds: 5, warmUpSeconds: 2, rounds: 3 };
const QUICK: Pace & { rounds: number } = { seconds: 2, warmUpSeconds: 1, rounds: 1 };
/** After as many failures the round has no value there. */
const ATTEMPTS = 3;

const { values: options } = parseArgs({
  options: {
    kubernetes: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    force: { type: 'boolean', default: false },
    paths: { type: 'string', default: 'DPSM' },
    only: { type: 'string', multiple: true, default: [] },
  },
});

function chosen(names: readonly string[]): readonly Metric[] {
  const unknown = names.filter((name) => !METRICS.some((metric) => metric.name === name));
  if (unknown.length > 0) {
    throw new Error(`no metric ${unknown.join(', ')}; there are ${METRICS.map(({ name }) => name).join(', ')}`);
  }
  return names.length === 0 ? METRICS : METRICS.filter(({ name }) => names.includes(name));
}

async function measureAll(
  metrics: readonly Metric[],
  paths: readonly Path[],
  tools: Tools,
  notes: string[],
): Promise<Results> {
  const pace = options.quick ? QUICK : FULL;
  const results: Results = new Map();
  for (let round = 0; round < pace.rounds; round++) {
    for (const metric of metrics) {
      for (let turn = 0; turn < paths.length; turn++) {
        const path = paths[(round + turn) % paths.length];
        if (!metric.paths.includes(path.letter)) continue;
        process.stderr.write(`round ${round + 1}/${pace.rounds}: ${metric.name} on ${path.title}\n`);
        for (const [key, value] of Object.entries(await measureOnce(metric, path, pace, tools, notes))) {
          const row = results.get(key) ?? new Map<Path['letter'], number[]>();
          results.set(key, row.set(path.letter, [...(row.get(path.letter) ?? []), value]));
        }
      }
    }
  }
  return results;
}

async function measureOnce(
  metric: Metric,
  path: Path,
  pace: Pace,
  tools: Tools,
  notes: string[],
): Promise<Readonly<Record<string, number>>> {
  for (let attempt = 1; ; attempt++) {
    if (await path.mend?.(false)) notes.push(`${path.title} had ended by itself before ${metric.name}`);
    try {
      return await metric.measure(path, pace, tools);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      const ended = (await path.mend?.(true)) ? ' (it ended by itself)' : '';
      notes.push(`${metric.name} on ${path.title} failed${ended}: ${error.message.trim()}`);
      if (attempt === ATTEMPTS) return {};
    }
  }
}

async function main(): Promise<void> {
  const metrics = chosen(options.only);
  const environment = await describeEnvironment(options.force, options.kubernetes ? kubectlProgram() : undefined);
  const folder = mkdtempSync(join(tmpdir(), 'mirrord-bench-'));
  const sandbox = await createSandbox({ nameServer: false });
  let cluster: ClusterPaths | undefined;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  try {
    const wire = join(folder, 'wire');
    await must('cc', ['-O2', '-o', wire, join(import.meta.dirname, 'wire.c')]);
    await startServers(sandbox, wire);
    cluster = options.kubernetes ? await openClusterPaths(sandbox, wire, folder) : undefined;
    const paths = [...(await openPaths(sandbox, options.paths)), ...(cluster?.paths ?? [])];
    const notes: string[] = [];
    const results = await measureAll(metrics, paths, { wire }, notes);
    const rows = metrics.flatMap((metric) => metric.rows);
    const letters = paths.map(({ letter }) => letter);
    console.log(
      options.json
        ? formatJson(environment, rows, results, notes)
        : formatText(environment, rows, letters, results, notes),
    );
  } finally {
    await cluster?.close();
    await sandbox.close();
    rmSync(folder, { recursive: true });
  }
}

await main();
