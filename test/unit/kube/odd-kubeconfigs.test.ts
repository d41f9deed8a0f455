import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MirrordError } from '../../../src/errors.ts';
import { parseKubeconfig, type Entry } from '../../../src/kube/kubeconfig/file.ts';
import { comparable, EXPECTED, FILES, FOLDER } from '../../support/odd-kubeconfigs.ts';

/** What kubectl refuses and we read, where there is but one thing that it can mean. */
const READ_HERE_ALONE = new Set([
  'case-kind.yaml', // only its look at `kind` is blind to case
  'directive-1.2.yaml',
  'directive-2.0.yaml',
  'directive-unknown.yaml',
  'duplicate-extensions.yaml',
  'tab-blank-line.yaml',
  'tab-comment-line.yaml',
  'text-escape-slash.yaml', // JSON has it
  'text-escape-surrogates.yaml', // JSON has it
]);
/** What kubectl reads and we refuse: lines inside quotes and brackets that are indented less than what holds them. */
const REFUSED_HERE_ALONE = new Set(['tab-in-flow.yaml', 'text-quoted-less-indented.yaml']);

function read(name: string): unknown {
  const file = join(FOLDER, name);
  const named = (list: readonly Entry[], member: string): object[] =>
    list.map((entry) => ({ name: entry.name, [member]: entry.fields }));
  try {
    const { currentContext, clusters, users, contexts } = parseKubeconfig(file, readFileSync(file));
    return comparable({
      'current-context': currentContext,
      clusters: named(clusters, 'cluster'),
      users: named(users, 'user'),
      contexts: named(contexts, 'context'),
    });
  } catch (error) {
    assert.ok(error instanceof MirrordError, String(error));
    assert.equal(error.code, 'kubeconfig-invalid');
    assert.match(error.message, /\.yaml, line \d+: \S/);
    return null;
  }
}

describe('odd kubeconfigs', () => {
  it('are all in the table', () => assert.deepEqual(Object.keys(EXPECTED).toSorted(), FILES.toSorted()));

  for (const name of FILES) {
    const expected = EXPECTED[name];
    if (READ_HERE_ALONE.has(name)) {
      it(`${name} is read, though not by kubectl`, () => {
        assert.equal(expected, null);
        assert.notEqual(read(name), null);
      });
    } else if (REFUSED_HERE_ALONE.has(name)) {
      it(`${name} is refused, though not by kubectl`, () => {
        assert.notEqual(expected, null);
        assert.equal(read(name), null);
      });
    } else {
      it(`${name} is ${expected === null ? 'refused' : 'read'} as by kubectl`, () => {
        assert.deepEqual(read(name), expected && comparable(expected));
      });
    }
  }
});
