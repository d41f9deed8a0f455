import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { comparable, EXPECTED, FILES, FOLDER } from '../../support/odd-kubeconfigs.ts';

/** What kubectl reads in a file; null when it refuses it. */
async function view(name: string): Promise<object | null> {
  const args = ['config', 'view', '--raw', '-o', 'json', '--kubeconfig', join(FOLDER, name)];
  try {
    return JSON.parse((await promisify(execFile)('kubectl', args)).stdout) as object;
  } catch (error) {
    assert.match((error as { stderr: string }).stderr, /error loading config file/);
    return null;
  }
}

describe('kubectl and the table of odd kubeconfigs', () => {
  for (const name of FILES) {
    it(name, async () => {
      const seen = await view(name);
      assert.deepEqual(seen && comparable(seen), EXPECTED[name] && comparable(EXPECTED[name]));
    });
  }
});
