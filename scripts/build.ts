/** Bundles what is shipped into dist/: the agent (one file, no dependency), the programs. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { BuildOptions } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const { version }: { version: string } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));

const shared: BuildOptions = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  logLevel: 'warning',
  define: { MIRRORD_VERSION: JSON.stringify(version) },
};

/** Runs on whatever stock image holds, hence the old target, and travels in the pod spec, hence small. */
const agent: BuildOptions = {
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
const programs: BuildOptions = {
  ...shared,
  entryPoints: { session: 'src/session/main.ts', mirrord: 'src/cli/main.ts', restore: 'src/host/restore-entry.ts' },
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

const PARTS: Readonly<Record<string, BuildOptions>> = { agent, programs };

/** `build.ts [agent|programs]...`; all without arguments.  A missing entry point is an error. */
const wanted = process.argv.slice(2);
for (const name of wanted.length === 0 ? Object.keys(PARTS) : wanted) {
  const part = PARTS[name];
  if (part === undefined) throw new Error(`nothing called ${name}; there are ${Object.keys(PARTS).join(', ')}`);
  await build(part);
}
