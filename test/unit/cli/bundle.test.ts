import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

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
});
