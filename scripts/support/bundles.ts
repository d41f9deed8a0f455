/** How what is shipped is bundled: the agent (one file, no dependency) and the programs of this machine. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { BuildOptions } from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { version }: { version: string } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));

const shared: BuildOptions = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  logLevel: 'warning',
  define: { MIRRORD_VERSION: JSON.stringify(version) },
};

/** Runs on whatever stock image holds, hence the old target, and is sent at each start, hence small. */
export const agent: BuildOptions = {
  ...shared,
  entryPoints: ['src/agent/main.ts'],
  outfile: 'dist/agent.cjs',
  format: 'cjs',
  target: 'node20',
  minify: true,
};

/**
 * Run on the machine's own Node.  Packages are bundled, since finding and reading their hundreds of files would be most
 * of the time that a command takes; what the programs share is kept once.
 */
export const programs: BuildOptions = {
  ...shared,
  entryPoints: {
    session: 'src/session/main.ts',
    mirrord: 'src/cli/main.ts',
    restore: 'src/host/restore-entry.ts',
    read: 'src/machine/linux/processes/read-entry.ts',
  },
  outdir: 'dist',
  format: 'esm',
  target: 'node24',
  // 17 MB, which only legacy logins load.
  external: ['@kubernetes/client-node'],
  mainFields: ['module', 'main'],
  // CommonJS packages require Node's own modules.
  banner: {
    js: "import { createRequire as nodeRequire } from 'node:module'; const require = nodeRequire(import.meta.url);",
  },
  splitting: true,
  chunkNames: 'shared-[hash]',
  sourcemap: true,
  sourcesContent: false,
};
