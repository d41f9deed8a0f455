import { strict as assert } from 'node:assert';
import { classify } from '../../../src/names/classify.ts';
import { nameForms, searchSuffixes } from '../../../src/names/search-list.ts';
import { NAMES } from '../support/dns.ts';

const [OWN = '', SVC = '', DOMAIN = '', NODE = ''] = NAMES.search;

describe('expansion by the search list', () => {
  const rows: readonly (readonly [string, readonly string[], string])[] = [
    ['db', [OWN, SVC, DOMAIN, NODE], 'in order; a bare name is no name of a Kubernetes DNS'],
    ['db.prod', [OWN, SVC, DOMAIN, NODE], 'never as it is: it may be public'],
    ['prod', [OWN, DOMAIN, NODE], 'prod.svc.cluster.local is a namespace, not a host'],
    ['db.prod.svc', [OWN, SVC, DOMAIN, NODE, ''], 'fewer dots than ndots: as it is comes last'],
    ['_a._b.c.d.e.svc', ['', OWN, SVC, DOMAIN, NODE], 'ndots dots: as it is comes first'],
    ['db.prod.svc.cluster.local', [''], 'complete'],
    ['1.0.96.10.in-addr.arpa', [''], 'complete'],
    ['db.corp.example', ['', OWN, SVC, DOMAIN, NODE], 'outside, by a rule: as it is first'],
  ];
  for (const [name, suffixes, why] of rows) {
    it(`${name}: ${why}`, () => assert.deepEqual(searchSuffixes(name, classify(name, NAMES), NAMES), suffixes));
  }

  it('asks bare names where the target is no Kubernetes', () => {
    const docker = { ...NAMES, search: [], ndots: 0, namespaces: [] };
    assert.deepEqual(searchSuffixes('redis', 'short', docker), ['']);
    const corporate = { ...NAMES, search: ['corp.example'], ndots: 1, namespaces: [] };
    assert.deepEqual(searchSuffixes('redis', 'short', corporate), ['corp.example', '']);
  });
});

describe('forms of a name', () => {
  const forms = (name: string) => nameForms(name, classify(name, NAMES), NAMES);

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
