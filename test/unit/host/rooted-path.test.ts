import assert from 'node:assert/strict';
import { rootedPath } from '../../../src/host/machine/rooted-path.ts';

describe('a path below another root', () => {
  const lead = (path: string, links: Record<string, string>): string | undefined =>
    rootedPath('/proc/7/root', path, (at) => links[at.replace('/proc/7/root', '')]);

  for (const [what, path, links, expected] of [
    ['no link', '/etc/resolv.conf', {}, '/etc/resolv.conf'],
    ['an absolute link', '/etc/resolv.conf', { '/etc/resolv.conf': '/run/x/stub.conf' }, '/run/x/stub.conf'],
    ['a relative one', '/etc/resolv.conf', { '/etc/resolv.conf': '../run/stub.conf' }, '/run/stub.conf'],
    ['one that climbs out', '/etc/resolv.conf', { '/etc/resolv.conf': '../../../../etc/shadow' }, '/etc/shadow'],
    ['a folder', '/var/run/stub.conf', { '/var/run': '/run', '/run': 'tmp//./run/' }, '/tmp/run/stub.conf'],
    ['a link to a link', '/a', { '/a': 'b', '/b': '/c/d', '/c': 'e' }, '/e/d'],
  ] as const)
    it(`${what} leads to ${expected}`, () => assert.equal(lead(path, links), `/proc/7/root${expected}`));

  it('a link to itself leads nowhere', () => assert.equal(lead('/a', { '/a': '/b', '/b': '/a' }), undefined));
});
