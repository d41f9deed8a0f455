import assert from 'node:assert/strict';
import { clusterNames } from '../../../src/session/cluster-names.ts';

describe('the cluster’s names, from a pod’s resolv.conf', () => {
  it('reads domain and namespace off the search list', () => {
    const names = clusterNames(
      'nameserver 10.96.0.10\nsearch shop.svc.corp.internal svc.corp.internal corp.internal example.org\noptions ndots:5\n',
    );
    assert.equal(names.clusterDomain, 'corp.internal');
    assert.deepEqual(names.namespaces, ['shop']);
    assert.equal(names.ndots, 5);
    assert.equal(names.search.length, 4);
  });

  it('takes cluster.local where nothing says otherwise', () => {
    const names = clusterNames('nameserver 192.0.2.1\n');
    assert.equal(names.clusterDomain, 'cluster.local');
    assert.deepEqual(names.namespaces, []);
  });
});
