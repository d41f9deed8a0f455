import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { RIGHTS } from '../../../src/kube/rights.ts';

interface Role {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly rules: readonly { readonly apiGroups: string[]; readonly resources: string[]; readonly verbs: string[] }[];
}

const text = readFileSync(join(import.meta.dirname, '../../../docs/rbac.yaml'), 'utf8');
const roles = parseAllDocuments(text).map((document) => document.toJS() as Role);

function granted(those: readonly Role[]): string[] {
  return those.flatMap(({ rules }) =>
    rules.flatMap(({ apiGroups, resources, verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) => verbs.map((verb) => `${verb} ${group}/${resource}`)),
      ),
    ),
  );
}

const names = (those: typeof RIGHTS): string[] =>
  those.map(
    ({ verb, group, resource, subresource }) => `${verb} ${group}/${resource}${subresource ? `/${subresource}` : ''}`,
  );

describe('doctor: rights', () => {
  it('needs what docs/rbac.yaml grants for `up`, and no less', () => {
    const role = roles.filter(({ metadata }) => metadata.name === 'mirrord');
    const needed = names(RIGHTS.filter(({ isOptional }) => isOptional !== true));
    const offered = granted(role).filter((right) => !right.endsWith('/events'));
    assert.deepEqual(needed.toSorted(), offered.toSorted());
  });

  it('asks for the whole cluster what the ClusterRole grants', () => {
    const offered = granted(roles.filter(({ kind }) => kind === 'ClusterRole'));
    for (const right of names(RIGHTS.filter(({ clusterWide }) => clusterWide === true)))
      assert(offered.includes(right), right);
  });
});
