/** What is checked of the sources before any test runs.  Each counts as one test. */
import { spawnSync } from 'node:child_process';
import { delimiter, dirname, join } from 'node:path';
import type { Counts } from './counts.ts';

const CHECKS: readonly { readonly name: string; readonly command: readonly string[] }[] = [
  { name: 'types', command: ['tsc', '--noEmit', '-p', '.'] },
  { name: 'lint', command: ['oxlint', '--type-aware'] },
  { name: 'format', command: ['prettier', '--check', '--log-level', 'warn', '.'] },
  {
    name: 'structure: the imports that ARCHITECTURE.md allows',
    command: ['depcruise', '--config', '.dependency-cruiser.json', 'src'],
  },
  { name: 'nothing unused', command: ['knip', '--no-progress'] },
];
/** The slowest takes seconds; one that hangs must not hang the whole run. */
const CHECK_DEADLINE_MS = 300_000;

export function runChecks(root: string): Counts {
  const bin = join(root, 'node_modules/.bin');
  // The tools start with `env node`: it must be the one that runs this.
  const path = [dirname(process.execPath), process.env['PATH']].join(delimiter);
  const counts = { passed: 0, failed: 0, skipped: 0, remarks: [] as string[] };
  console.log('\n  checks');
  for (const { name, command } of CHECKS) {
    const [program = '', ...args] = command;
    const { status, stdout, stderr, error } = spawnSync(join(bin, program), args, {
      cwd: root,
      env: { ...process.env, PATH: path },
      encoding: 'utf8',
      timeout: CHECK_DEADLINE_MS,
    });
    const good = status === 0;
    counts[good ? 'passed' : 'failed'] += 1;
    console.log(`    ${good ? '✔' : '✘'} ${name}`);
    if (good) continue;
    counts.remarks.push(`failed: checks: ${name}`);
    console.log([stdout, stderr, error?.message ?? ''].join('\n').replace(/^/gm, '      '));
  }
  return counts;
}
