/** Runs one tier in a mocha process of its own, so that a crash of one does not take the others along. */
import { spawnSync } from 'node:child_process';
import { accessSync, chmodSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Counts } from './counts.ts';
import type { Run, Selection, Tier } from './selection.ts';

/**
 * Seconds per test, and for the whole tier, all of which together must stay below 45 minutes on a quiet machine.
 * Where sockets, kernel, cluster, servers and clients share the machine with the test, a test that fails is tried once
 * more, and the run says so at its end.
 */
const LIMITS: Readonly<Record<Tier, { readonly test: number; readonly tier: number; readonly retries: number }>> = {
  unit: { test: 20, tier: 300, retries: 0 },
  socket: { test: 30, tier: 300, retries: 1 },
  netns: { test: 90, tier: 1_800, retries: 1 },
  cluster: { test: 180, tier: 1_800, retries: 1 },
};

/** Why the tier cannot run here; undefined when it can. */
function obstacle(tier: Tier): string | undefined {
  if (tier === 'unit' || tier === 'socket') return undefined;
  if (process.getuid?.() !== 0) return 'it needs root';
  try {
    accessSync('/dev/net/tun');
  } catch {
    return 'there is no /dev/net/tun';
  }
  if (tier === 'cluster' && !process.env['KUBECONFIG_TEST']) return 'there is no cluster: KUBECONFIG_TEST is not set';
  return undefined;
}

type Options = Pick<Run, 'files'> & Pick<Selection, 'isRetried'>;

export function runTier(root: string, tier: Tier, { files: chosen, isRetried }: Options): Counts {
  console.log(`\n  ${tier}`);
  const reason = obstacle(tier);
  const files = chosen === 'all' ? globSync(`test/${tier}/**/*.test.ts`, { cwd: root }).sort() : chosen;
  if (reason !== undefined) {
    console.log(`    the tier cannot run: ${reason}`);
    return { passed: 0, failed: 0, skipped: files.length, remarks: [`cannot run: ${tier}: ${reason}`] };
  }
  // Short, since unix sockets in it have paths of at most 107 bytes; open, since tests run programs as other users.
  const folder = mkdtempSync('/tmp/mirrord-test-');
  chmodSync(folder, 0o1777);
  const countsFile = join(folder, 'counts.json');
  try {
    const { test, tier: total, retries } = LIMITS[tier];
    const reporter = join(root, 'scripts/support/testing/reporter.ts');
    const args = [
      join(root, 'node_modules/mocha/bin/mocha.js'),
      '--exit',
      ...(process.stdout.isTTY ? [] : ['--no-color']),
      '--forbid-only',
      '--timeout',
      `${test}s`,
      '--retries',
      String(isRetried ? retries : 0),
      '--reporter',
      reporter,
    ];
    const { status } = spawnSync(process.execPath, [...args, ...files], {
      cwd: root,
      env: { ...process.env, COUNTS_FILE: countsFile, TMPDIR: folder },
      stdio: 'inherit',
      timeout: total * 1000,
    });
    const counts = JSON.parse(readFileSync(countsFile, 'utf8')) as Counts;
    // A suite that fails while it is loaded has no failing test to be counted.
    if (status === 0 || counts.failed > 0) return counts;
    return { ...counts, failed: 1, remarks: [...counts.remarks, `failed: ${tier}: a test file did not load`] };
  } catch (error) {
    const why = `the tier ended before its tests did: ${(error as Error).message}`;
    console.log(`    ${why}`);
    return { passed: 0, failed: 1, skipped: 0, remarks: [`failed: ${tier}: ${why}`] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
