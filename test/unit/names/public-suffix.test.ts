import assert from 'node:assert/strict';
import { isBelowPublicSuffix, isPublicSuffix } from '../../../src/names/public-suffix.ts';

describe('public suffixes', () => {
  for (const suffix of ['com', 'dev', 'app', 'co.uk', 'xn--p1ai', 'github.io', 'foo.ck', 'in-addr.arpa', 'local', '']) {
    it(`${suffix === '' ? '(the root)' : suffix} is one`, () => assert.equal(isPublicSuffix(suffix), true));
  }

  for (const domain of [
    'example.com',
    'prod.example.co.uk',
    'svc',
    'internal',
    'k8s.internal',
    'cluster.local',
    '_tcp',
  ]) {
    it(`${domain} is none`, () => assert.equal(isPublicSuffix(domain), false));
  }

  it('have companies below them, and a private domain is below none', () => {
    const domains = ['example.com', 'a.example.co.uk', 'me.github.io', 'com', 'cluster.local', 'k8s.internal', 'corp'];
    assert.deepEqual(domains.filter(isBelowPublicSuffix), ['example.com', 'a.example.co.uk', 'me.github.io']);
  });
});
