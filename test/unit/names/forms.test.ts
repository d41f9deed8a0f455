import assert from 'node:assert/strict';
import { isClusterName } from '../../../src/names/classify.ts';
import { clusterNames } from '../../../src/names/cluster-names.ts';
import { nameForms } from '../../../src/names/forms.ts';
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
    [
      'example-hostname.svc.default.svc.cluster.local',
      [
        'example-hostname.svc',
        'example-hostname.svc.default',
        'example-hostname.svc.default.svc',
        'example-hostname.svc.default.svc.cluster.local',
      ],
    ],
    ['localhost', ['localhost']],
    ['', ['']],
    [
      '_pg._tcp.db',
      ['_pg._tcp.db', '_pg._tcp.db.default', '_pg._tcp.db.default.svc', '_pg._tcp.db.default.svc.cluster.local'],
    ],
    ['_pg._tcp.example.com', ['_pg._tcp.example.com']],
    ['10.0.96.10.in-addr.arpa', ['10.0.96.10.in-addr.arpa']],
    ['10-1-2-3.default.pod.cluster.local', ['10-1-2-3.default.pod.cluster.local']],
  ];
  for (const [asked, expected] of rows) {
    it(`${asked}: ${expected.join(', ')}`, () =>
      assert.deepEqual([...nameForms(asked, NAMES)].sort(), [...expected].sort()));
  }

  it('follow the first search suffix where there is no namespace', () => {
    const context = clusterNames({
      clusterDomain: 'cluster.local',
      namespaces: [],
      search: ['sandbox.test', 'other.test'],
    });
    assert.deepEqual(nameForms('db', context), ['db', 'db.sandbox.test']);
    assert.deepEqual(nameForms('db.x', context), ['db.x']);
  });

  it('know another cluster domain', () => {
    const context = clusterNames({ clusterDomain: 'K8S.corp.', namespaces: ['a'], search: ['a.svc.k8s.corp'] });
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

describe('two forms of one host', () => {
  const forms = (name: string): readonly string[] => nameForms(name, NAMES);

  it('are the same host from bare to complete', () => {
    const all = ['db', 'db.default', 'db.default.svc', 'db.default.svc.cluster.local'];
    for (const name of all.filter((each) => each !== 'db.default')) {
      for (const form of all) assert.ok(forms(name).includes(form), `${name} has no form ${form}`);
    }
    for (const form of all) assert.ok(forms('db.default').includes(form), `db.default has no form ${form}`);
  });

  it('begin with the asked one', () => assert.equal(forms('db.prod')[0], 'db.prod'));

  it('keep namespaces apart', () => {
    assert.ok(!forms('db.prod.svc.cluster.local').includes('db'));
    assert.ok(!forms('db').some((form) => form.startsWith('db.prod')));
    assert.ok(!forms('example-hostname').includes('example-hostname.svc'));
  });

  it('are one for a name outside', () => assert.deepEqual(forms('db.corp.example'), ['db.corp.example']));
});
