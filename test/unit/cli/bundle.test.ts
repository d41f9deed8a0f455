import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { programs } from '../../../scripts/support/bundles.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** The files that an import of this one reads, itself included, and the packages that it looks for. */
function closure(file: string, files = new Set<string>(), packages = new Set<string>()) {
  if (files.has(file)) return { files, packages };
  files.add(file);
  for (const [, specifier = ''] of readFileSync(file, 'utf8').matchAll(
    /^(?:import|\} from|import .* from) "(.+)";$/gm,
  )) {
    if (specifier.startsWith('.')) closure(join(dirname(file), specifier), files, packages);
    else if (!isBuiltin(specifier)) packages.add(specifier);
  }
  return { files, packages };
}

interface LateImport {
  readonly from: string;
  readonly specifier: string;
  /** What is taken from the module. */
  readonly names: readonly string[];
}

/** `const { a, b } = await import('./x.ts')` and `(await import('./x.ts')).a`, which is all that the sources hold. */
const LATE =
  /(?:const \{ (?<several>[\w, ]+) \} = await |\(await )import\('(?<specifier>[^']+)'\)(?:\)\.(?<single>\w+))?/g;

function lateImports(): LateImport[] {
  return globSync('src/**/*.ts', { cwd: root }).flatMap((from) => {
    const source = readFileSync(join(root, from), 'utf8');
    const found = [...source.matchAll(LATE)].map(({ groups = {} }) => ({
      from,
      specifier: groups['specifier'] ?? '',
      names: (groups['several'] ?? groups['single'] ?? '').split(', '),
    }));
    assert.equal(
      found.length,
      source.split(/\bimport\(/).length - 1,
      `${from} imports late in a way that is not known here`,
    );
    return found;
  });
}

/** The built file of each module that is imported late, by the module's path in the sources. */
async function builtFiles(): Promise<ReadonlyMap<string, string>> {
  const { metafile } = await build({ ...programs, metafile: true, write: false });
  const outputs = Object.entries(metafile?.outputs ?? {});
  return new Map(outputs.flatMap(([file, { entryPoint }]) => (entryPoint === undefined ? [] : [[entryPoint, file]])));
}

describe('the programs', () => {
  before(() => {
    execFileSync(process.execPath, ['scripts/build.ts', 'programs'], { cwd: root });
  });

  for (const program of ['mirrord', 'session', 'restore']) {
    it(`${program} starts without a look into node_modules`, () => {
      const { packages } = closure(join(root, 'dist', `${program}.js`));
      assert.deepEqual([...packages], []);
    });
  }

  it('mirrord reads what a command does only when it is run', () => {
    const sources = [...closure(join(root, 'dist/mirrord.js')).files]
      .map((file) => readFileSync(file, 'utf8'))
      .join('\n');
    assert.match(sources, /^\/\/ src\/cli\/commands\/up\.ts$/m);
    for (const late of ['src/host/run.ts', 'src/config/schema.ts', 'src/control/client.ts', 'node_modules/zod/']) {
      assert.ok(!sources.includes(`// ${late}`), late);
    }
  });

  it('find in what they import late all that they take from it', async () => {
    const files = await builtFiles();
    const wanted = lateImports().map(({ from, specifier, names }) => {
      // Of a CommonJS package the bundler gives an `import()` nothing but a default export: a module of ours imports it.
      assert.match(specifier, /^\./, `${from} imports the package ${specifier} late by itself`);
      const module = join(dirname(from), specifier);
      const file = files.get(module);
      assert.ok(file, `${module} has no file of its own`);
      return { module, url: pathToFileURL(join(root, file)).href, names };
    });
    assert.ok(wanted.length > 20);
    // In a process of its own, as the programs are.
    const program = `
      for (const { module, url, names } of ${JSON.stringify(wanted)}) {
        const found = await import(url);
        for (const name of names) if (found[name] === undefined) throw new Error(module + ' gives no ' + name);
      }`;
    execFileSync(process.execPath, ['--input-type=module', '-e', program], { cwd: root, stdio: 'pipe' });
  });
});
