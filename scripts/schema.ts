/**
 * Writes what is generated from the configuration's types: mirrord-schema.json and docs/configuration-reference.md.
 * `node scripts/schema.ts` after a change of src/config; a test fails when it was forgotten.
 */
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { jsonSchema } from '../src/config/json-schema.ts';
import { referencePage } from '../src/config/reference.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** The generated files, by their path in the repository, as they should stand there. */
export async function generate(): Promise<ReadonlyMap<string, string>> {
  const files = new Map([
    ['mirrord-schema.json', JSON.stringify(jsonSchema())],
    ['docs/configuration-reference.md', referencePage()],
  ]);
  const formatted = [...files].map(async ([path, text]): Promise<[string, string]> => {
    const options = await resolveConfig(`${ROOT}${path}`);
    return [path, await format(text, { ...options, filepath: path })];
  });
  return new Map(await Promise.all(formatted));
}

if (import.meta.main) {
  for (const [path, text] of await generate()) await writeFile(`${ROOT}${path}`, text);
}
