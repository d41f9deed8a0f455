/** Bundles what is shipped into dist/. */
import { build, type BuildOptions } from 'esbuild';
import { agent, programs } from './support/bundles.ts';

const PARTS: Readonly<Record<string, BuildOptions>> = { agent, programs };

/** `build.ts [agent|programs]...`; all without arguments.  A missing entry point is an error. */
const wanted = process.argv.slice(2);
for (const name of wanted.length === 0 ? Object.keys(PARTS) : wanted) {
  const part = PARTS[name];
  if (part === undefined) throw new Error(`nothing called ${name}; there are ${Object.keys(PARTS).join(', ')}`);
  await build(part);
}
