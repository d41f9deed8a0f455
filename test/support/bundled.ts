/**
 * A module of the sources as people run it: bundled as the programs are.  A package may look different from there than
 * from its own files, and a test that imports the sources does not see it.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { programs } from '../../scripts/support/bundles.ts';

const root = join(import.meta.dirname, '../..');
/** Below node_modules, so that what is not bundled is found from there. */
const place = join(root, 'node_modules/.cache/mirrord-bundled', String(process.pid));
process.once('exit', () => rmSync(place, { recursive: true, force: true }));

/** `source` is relative to the checkout; `T` is what it exports. */
export async function bundled<T>(source: string): Promise<T> {
  return (await import(await bundle(source))) as T;
}

/** Makes the bundle, and returns its path.  Each process has its own, taken away at its end. */
export async function bundle(source: string): Promise<string> {
  const outdir = join(place, source.replaceAll('/', '-'));
  await build({ ...programs, entryPoints: { main: source }, outdir });
  return join(outdir, 'main.js');
}
