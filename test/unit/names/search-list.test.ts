import { strict as assert } from 'node:assert';
import { classify } from '../../../src/names/classify.ts';
import { clusterNames } from '../../../src/names/cluster-names.ts';
import { searchSuffixes } from '../../../src/names/search-list.ts';
import { NAMES as KNOWN } from '../support/dns.ts';

const NAMES = clusterNames(KNOWN);
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
    const docker = clusterNames({ ...KNOWN, search: [], ndots: 0, namespaces: [] });
    assert.deepEqual(searchSuffixes('redis', 'short', docker), ['']);
    const corporate = clusterNames({ ...KNOWN, search: ['corp.example'], ndots: 1, namespaces: [] });
    assert.deepEqual(searchSuffixes('redis', 'short', corporate), ['corp.example', '']);
  });
});
