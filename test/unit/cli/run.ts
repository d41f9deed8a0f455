/** Runs the CLI as people do: built, in a process of its own. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A process that loads the command line takes a second, on a machine that does other things several. */
export const CLI_MS = 15_000;

const ROOT = join(import.meta.dirname, '../../..');
const MAIN = join(ROOT, 'dist/mirrord.js');

/** A folder of PATH in which the program is, as after an installation. */
const INSTALLED = mkdtempSync(join(tmpdir(), 'mirrord-installed-'));
symlinkSync(join(ROOT, 'bin/mirrord'), join(INSTALLED, 'mirrord'));
process.once('exit', () => rmSync(INSTALLED, { recursive: true }));

// A test file may be run by itself, after a change.
execFileSync(process.execPath, ['scripts/build.ts', 'programs'], { cwd: ROOT });

export interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export const runCli = (...args: string[]): Result => runCliInto('pipe', args);

export const runCliIn = (cwd: string, ...args: string[]): Result => runCliInto('pipe', args, cwd);

/** With standard output somewhere else: a descriptor. */
export function runCliInto(output: number | 'pipe', args: readonly string[], cwd = '/'): Result {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', output, 'pipe'],
    // The width of help is the terminal's, and a developer's own settings must not change a test.
    env: { PATH: `${INSTALLED}:${process.env['PATH']}`, HOME: '/nonexistent', LANG: 'C.UTF-8', NODE_NO_WARNINGS: '1' },
    timeout: CLI_MS,
  });
  return { code: status, stdout, stderr };
}
