/**
 * `main.ts [--quick] [--json] [--force] [--paths DPSM] [--only METRIC]...`: measures every path in interleaved rounds.
 *
 * A round measures each metric once on each path, and every round begins with another path, so that what drifts (a
 * warmer CPU, a neighbour) falls on all of them.  What is compared is the medians' ratios, never two runs.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { must } from '../sandbox/command.ts';
import { createSandbox } from '../sandbox/index.ts';
import { describeEnvironment } from './environment.ts';
import type { Metric, Pace, Tools } from './metric.ts';
import { METRICS } from './metrics/index.ts';
import type { Path } from './path.ts';
import { openPaths, startServers } from './paths.ts';
import { formatTable, median } from './table.ts';
import type { Results } from './table.ts';

const FULL: Pace & { rounds: number } = { seconds: 5, warmUpSeconds: 2, rounds: 3 };
const QUICK: Pace & { rounds: number } = { seconds: 2, warmUpSeconds: 1, rounds: 1 };

const { values: options } = parseArgs({
  options: {
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

async function measureAll(metrics: readonly Metric[], paths: readonly Path[], tools: Tools): Promise<Results> {
  const pace = options.quick ? QUICK : FULL;
  const results: Results = new Map();
  for (let round = 0; round < pace.rounds; round++) {
    for (const metric of metrics) {
      for (let turn = 0; turn < paths.length; turn++) {
        const path = paths[(round + turn) % paths.length];
        if (!metric.paths.includes(path.letter)) continue;
        process.stderr.write(`round ${round + 1}/${pace.rounds}: ${metric.name} on ${path.title}\n`);
        for (const [key, value] of Object.entries(await metric.measure(path, pace, tools))) {
          const row = results.get(key) ?? new Map<Path['letter'], number[]>();
          results.set(key, row.set(path.letter, [...(row.get(path.letter) ?? []), value]));
        }
      }
    }
  }
  return results;
}

async function main(): Promise<void> {
  const metrics = chosen(options.only);
  const environment = await describeEnvironment(options.force);
  const folder = mkdtempSync(join(tmpdir(), 'mirrord-bench-'));
  const sandbox = await createSandbox({ nameServer: false });
  try {
    const wire = join(folder, 'wire');
    const questions = join(folder, 'questions');
    writeFileSync(questions, 'payment-service.default.svc.cluster.local A\n');
    await must('cc', ['-O2', '-o', wire, join(import.meta.dirname, 'wire.c')]);
    await startServers(sandbox, wire);
    const paths = await openPaths(sandbox, options.paths);
    const results = await measureAll(metrics, paths, { wire, questions });
    const rows = metrics.flatMap((metric) => metric.rows);
    if (options.json) {
      const values = rows.map((row) => ({
        ...row,
        paths: Object.fromEntries(
          [...(results.get(row.key) ?? [])].map(([letter, all]) => [letter, { median: median(all), all }]),
        ),
      }));
      console.log(JSON.stringify({ environment, values }, null, 2));
    } else {
      console.log(
        Object.entries({ ...environment, versions: Object.values(environment.versions).join(', ') })
          .map(([key, value]) => `${key}: ${String(value)}`)
          .join('\n'),
      );
      console.log(
        `\n${formatTable(
          rows,
          paths.map(({ letter }) => letter),
          results,
        )}`,
      );
    }
  } finally {
    await sandbox.close();
    rmSync(folder, { recursive: true });
  }
}

await main();
