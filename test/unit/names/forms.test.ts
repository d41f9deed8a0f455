import assert from 'node:assert/strict';
import { isClusterName, nameContext, nameForms } from '../../../src/names/forms.ts';
import { NAMES } from '../support/filter.ts';

const DB = ['db', 'db.default', 'db.default.svc', 'db.default.svc.cluster.local'];

describe('the forms of a name', () => {
  for (const asked of [...DB, 'DB.', 'Db.Default.Svc.']) {
    it(`${asked} is one host in every form`, () => {
      const forms = nameForms(asked, NAMES);
      assert.equal(forms[0], asked.toLowerCase().replace(/\.$/, ''));
      assert.deepEqual([...forms].sort(), [...DB].sort());
    });
  }

  const rows: readonly (readonly [string, readonly string[]])[] = [
    ['db.prod', ['db.prod', 'db.prod.svc', 'db.prod.svc.cluster.local']],
    ['db.other.svc', ['db.other', 'db.other.svc', 'db.other.svc.cluster.local']],
    ['web-0.web.prod.svc.cluster.local', ['web-0.web.prod', 'web-0.web.prod.svc', 'web-0.web.prod.svc.cluster.local']],
    ['web-0.web.default.svc', ['web-0.web.default', 'web-0.web.default.svc', 'web-0.web.default.svc.cluster.local']],
    ['example.com', ['example.com']],
    ['web-0.web', ['web-0.web']],
    ['example-hostname.svc', ['example-hostname.svc', 'example-hostname.svc.cluster.local']],
    ['localhost', ['localhost']],
    ['10-1-2-3.default.pod.cluster.local', ['10-1-2-3.default.pod.cluster.local']],
  ];
  for (const [asked, expected] of rows) {
    it(`${asked}: ${expected.join(', ')}`, () =>
      assert.deepEqual([...nameForms(asked, NAMES)].sort(), [...expected].sort()));
  }

  it('follow the first search suffix where there is no namespace', () => {
    const context = nameContext('cluster.local', [], ['sandbox.test', 'other.test']);
    assert.deepEqual(nameForms('db', context), ['db', 'db.sandbox.test']);
    assert.deepEqual(nameForms('db.x', context), ['db.x']);
  });

  it('know another cluster domain', () => {
    const context = nameContext('K8S.corp.', ['a'], ['a.svc.k8s.corp']);
    assert.ok(nameForms('db', context).includes('db.a.svc.k8s.corp'));
  });
});

describe('a name of the cluster', () => {
  for (const [name, expected] of [
    ['db', true],
    ['db.prod', true],
    ['x.svc', true],
    ['kubernetes.default.svc.cluster.local', true],
    ['cluster.local', true],
    ['example.com', false],
    ['web-0.web', false],
    ['localhost', false],
    ['a.localhost', false],
    ['xcluster.local', false],
  ] as const) {
    it(`${name}: ${expected}`, () => assert.equal(isClusterName(name, NAMES), expected));
  }
});
