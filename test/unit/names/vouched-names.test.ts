import assert from 'node:assert/strict';
import { type Vouched, vouchedNames } from '../../../src/names/vouched-names.ts';

/** What a pod of `namespace` finds, with what its node has behind it. */
const pod = (domain: string, ...more: readonly string[]): string =>
  `nameserver 10.96.0.10\nsearch ${[`shop.svc.${domain}`, `svc.${domain}`, domain, ...more].join(' ')}\noptions ndots:5\n`;
const NOBODY: Vouched = { byServer: [], byUser: [] };

describe('the cluster’s names, from a pod’s resolv.conf', () => {
  it('are below the domain that the API server says', () => {
    const names = vouchedNames(pod('corp.internal'), { byServer: ['cluster.local', 'corp.internal'], byUser: [] });
    assert.equal(names.clusterDomain, 'corp.internal');
    assert.deepEqual(names.zones, ['corp.internal']);
    assert.deepEqual(names.search, ['shop.svc.corp.internal', 'svc.corp.internal', 'corp.internal']);
    assert.deepEqual(names.machineSearch, names.search);
    assert.equal(names.ndots, 5);
    assert.equal(names.refused, null);
  });

  it('are below cluster.local where nobody says anything', () => {
    assert.deepEqual(vouchedNames(pod('cluster.local'), NOBODY).zones, ['cluster.local']);
    const names = vouchedNames('nameserver 192.0.2.1\n', NOBODY);
    assert.equal(names.clusterDomain, 'cluster.local');
    assert.deepEqual([names.search, names.namespaces, names.refused], [[], [], null]);
  });

  const claims = ['com', 'dev', 'co.uk', 'github.io', 'local', 'lan', 'corp.example', 'mybank.com', 'k8s.internal'];
  for (const claim of claims) {
    it(`are not below ${claim} by the file's word alone`, () => {
      const names = vouchedNames(pod(claim), NOBODY);
      assert.deepEqual(names.zones, ['cluster.local']);
      assert.deepEqual([...names.search, ...names.machineSearch], []);
      assert.equal(names.refused, claim);
    });

    it(`are below ${claim} by the user's`, () => {
      const names = vouchedNames(pod(claim), { byServer: [], byUser: [claim] });
      assert.equal(names.clusterDomain, claim);
      assert.deepEqual(names.zones, [claim]);
      assert.equal(names.refused, null);
    });
  }

  for (const suffix of ['com', 'dev', 'co.uk', 'github.io', 'local']) {
    it(`are not below ${suffix}, whoever but the user says so`, () => {
      for (const byServer of [[suffix], null]) {
        const names = vouchedNames(pod(suffix), { byServer, byUser: [] });
        assert.deepEqual(names.zones, ['cluster.local']);
        assert.ok(!names.machineSearch.includes(suffix));
      }
    });
  }

  it('leave a company the rest of its public domain', () => {
    const names = vouchedNames(pod('prod.example.com'), { byServer: ['prod.example.com'], byUser: [] });
    assert.equal(names.clusterDomain, 'prod.example.com');
    assert.deepEqual(names.zones, ['svc.prod.example.com', 'pod.prod.example.com']);
    assert.ok(names.search.includes('prod.example.com'), 'the cluster is asked as its pods ask');
    assert.deepEqual(names.machineSearch, ['shop.svc.prod.example.com', 'svc.prod.example.com']);
  });

  it('do not have the suffixes that a node or a pod adds, unless the user gives them', () => {
    const file = pod('cluster.local', 'corp.example', 'evil.example', 'ec2.internal');
    assert.deepEqual(vouchedNames(file, NOBODY).search, vouchedNames(pod('cluster.local'), NOBODY).search);
    const given = vouchedNames(file, { byServer: [], byUser: ['corp.example'] });
    assert.deepEqual(given.machineSearch.at(-1), 'corp.example');
    assert.deepEqual(given.zones, ['cluster.local', 'corp.example']);
  });

  it('have no namespace by the file’s word; the API server lists them', () => {
    assert.deepEqual(vouchedNames(pod('cluster.local'), NOBODY).namespaces, []);
  });

  it('are few and well-formed, whatever stands in the file', () => {
    const many = Array.from({ length: 100 }, (_, i) => `n${i}.svc.cluster.local`).join(' ');
    assert.equal(vouchedNames(`search ${many}`, NOBODY).search.length, 32);
    const odd = 'search -x.svc.cluster.local a..svc.cluster.local $(id).svc.cluster.local ok.svc.cluster.local';
    assert.deepEqual(vouchedNames(odd, NOBODY).search, ['ok.svc.cluster.local']);
  });
});

describe('the names of a namespace that the user chose', () => {
  const chosen: Vouched = { byServer: null, byUser: [] };

  it('are as its resolv.conf says', () => {
    const names = vouchedNames(pod('k8s.internal', 'corp.example'), chosen);
    assert.deepEqual(names.zones, ['k8s.internal']);
    assert.deepEqual(names.namespaces, ['shop']);
    assert.equal(names.machineSearch.at(-1), 'corp.example');
  });

  it('are no public ones', () => {
    const names = vouchedNames('search svc.com com dev corp.example\n', chosen);
    assert.deepEqual(names.machineSearch, ['svc.com', 'corp.example']);
    assert.equal(names.refused, 'com');
  });
});
