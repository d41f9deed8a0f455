import assert from 'node:assert/strict';
import fc from 'fast-check';
import { formatAuthority, formatUdpPath, parseAuthority, parseUdpPath } from '../../../src/tunnel/authority.ts';

describe('a destination on the wire', () => {
  it('comes back as it went, IPv4, IPv6 and names', () => {
    const host = fc.oneof(
      fc.ipV4(),
      fc.ipV6().filter((text) => text.includes(':')),
      fc.domain(),
      fc.constant('fe80::1%eth0'),
    );
    fc.assert(
      fc.property(host, fc.integer({ min: 1, max: 65_535 }), (name, port) => {
        assert.deepEqual(parseAuthority(formatAuthority(name, port)), { host: name, port });
        assert.deepEqual(parseUdpPath(formatUdpPath(name, port)), { host: name, port });
      }),
    );
  });

  for (const text of [
    '',
    'host',
    'host:',
    ':80',
    'host:0',
    'host:65536',
    '::1:80',
    '[::1]',
    'a:b:80',
    '[]:80',
    'host:8a',
  ]) {
    it(`is refused: "${text}"`, () => assert.equal(parseAuthority(text), null));
  }

  it('is refused in a path that is none', () => {
    for (const path of [
      '',
      '/',
      '/.well-known/masque/udp/a/',
      '/.well-known/masque/udp/%zz/53/',
      '/.well-known/masque/udp/a/0/',
    ]) {
      assert.equal(parseUdpPath(path), null, path);
    }
  });
});
