/** Finds what `native-helpers/build.sh` has made: in the package's folder, wherever this module has been put (the sources, or dist/). */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Undefined when it has not been built. */
export function builtFile(name: string): string | undefined {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const file = join(folder, builtName(name));
    if (existsSync(file)) return file;
    if (folder === dirname(folder)) return undefined;
  }
}

/** As people are told of it. */
export const builtName = (name: string): string => join('native-helpers', 'build', name);
