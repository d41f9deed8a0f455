import assert from 'node:assert/strict';
import fc from 'fast-check';
import { formatEntry, parseEntry } from '../../../src/filter/index.ts';
import { formatAddress, formatCidr } from '../../../src/net/index.ts';

function shown(text: string, kind: 'outgoing' | 'dns' = 'outgoing'): string {
  const parsed = parseEntry(text, kind);
  if ('fault' in parsed) return `fault at ${parsed.fault.position}: ${parsed.fault.reason}`;
  const { protocol, host, port } = parsed.entry;
  const hostText = {
    any: () => 'any host',
    'any-address': () => 'any address',
    name: () => `name ${host.kind === 'name' ? host.name : ''}`,
    below: () => `below ${host.kind === 'below' ? host.suffix : ''}`,
    range: () => `range ${host.kind === 'range' ? formatCidr(host.range) : ''}`,
  }[host.kind]();
  return `${protocol}, ${hostText}, ${port === null ? 'any port' : `port ${port}`}`;
}

const ACCEPTED: readonly (readonly [string, string])[] = [
  ['tcp://1.2.3.0/24:7777', 'tcp, range 1.2.3.0/24, port 7777'],
  ['1.2.3.0/24', 'any, range 1.2.3.0/24, any port'],
  ['1.2.3.4/24', 'any, range 1.2.3.0/24, any port'],
  ['1.2.3.4', 'any, range 1.2.3.4/32, any port'],
  ['tcp://[2800:3f0:4001:81e::2004]:7777', 'tcp, range 2800:3f0:4001:81e::2004/128, port 7777'],
  ['[fd00::]/8:53', 'any, range fd00::/8, port 53'],
  ['[::ffff:1.2.3.4]', 'any, range 1.2.3.4/32, any port'],
  ['tcp://google.com:7777', 'tcp, name google.com, port 7777'],
  ['rust-lang.org', 'any, name rust-lang.org, any port'],
  ['localhost', 'any, name localhost, any port'],
  ['DB.Prod.', 'any, name db.prod, any port'],
  ['_sip._tcp.example', 'any, name _sip._tcp.example, any port'],
  ['udp://:7777', 'udp, any host, port 7777'],
  [':7777', 'any, any host, port 7777'],
  ['tcp://', 'tcp, any host, any port'],
  ['any://', 'any, any host, any port'],
  ['UDP://X:1', 'udp, name x, port 1'],
  ['0.0.0.0', 'any, any address, any port'],
  ['[::]', 'any, any address, any port'],
  ['tcp://0.0.0.0:80', 'tcp, any address, port 80'],
  ['0.0.0.0/0', 'any, range 0.0.0.0/0, any port'],
  ['*.internal.example', 'any, below internal.example, any port'],
  ['tcp://*.x:443', 'tcp, below x, port 443'],
  ['1.2.3.4.5', 'any, name 1.2.3.4.5, any port'],
  ['1.2.3', 'any, name 1.2.3, any port'],
];

const REFUSED: readonly (readonly [string, number, RegExp])[] = [
  ['', 1, /empty/],
  ['tcp://google.com/24:7777', 17, /not an address/],
  [':7777udp://', 1, /comes first/],
  ['meow://', 1, /not a protocol/],
  ['://x', 1, /not a protocol/],
  ['::1', 1, /brackets/],
  ['fd00::/8', 1, /brackets/],
  ['name/24', 5, /not an address/],
  ['/24', 1, /needs an address/],
  ['1.2.3.4/33', 9, /0 to 32/],
  ['1.2.3.4/', 9, /a number/],
  ['[::1]/129', 7, /0 to 128/],
  ['a*b', 2, /whole first label/],
  ['*', 1, /whole first label/],
  ['*.*.x', 3, /only once/],
  ['a.*', 3, /whole first label/],
  [':0', 2, /1 to 65535/],
  ['x:65536', 3, /1 to 65535/],
  ['x:', 3, /a port is a number/],
  ['x:80x', 5, /is unexpected/],
  ['a b', 2, /a space/],
  ['b\u00fccher.example', 2, /xn--/],
  [' a', 1, /a space/],
  ['a\t', 2, /a space/],
  ['a..b', 3, /empty label/],
  ['.a', 1, /empty label/],
  ['[::1', 1, /not closed/],
  ['[1.2.3.4]', 2, /not an IPv6/],
  ['[fe80::1%eth0]', 2, /not an IPv6/],
  ['[::1]x', 6, /is unexpected/],
  ['a@b', 2, /is not allowed/],
  ['a/1/2', 2, /not an address/],
  ['x'.repeat(64), 1, /63/],
  [`${'abcdefghi.'.repeat(26)}x`, 1, /253/],
];

describe('an entry of the filter', () => {
  for (const [text, expected] of ACCEPTED) {
    it(`${JSON.stringify(text)} is ${expected}`, () => assert.equal(shown(text), expected));
  }

  for (const [text, position, reason] of REFUSED) {
    it(`${JSON.stringify(text.slice(0, 40))} is refused at ${position}`, () => {
      const parsed = parseEntry(text);
      assert.ok('fault' in parsed);
      assert.match(parsed.fault.reason, reason);
      assert.equal(parsed.fault.position, position);
    });
  }

  it('has no protocol in dns.filter', () => {
    assert.match(shown('tcp://x', 'dns'), /fault at 1: an entry of dns.filter has no protocol/);
    assert.equal(shown('x:53', 'dns'), 'any, name x, port 53');
  });

  it('is the same after it was printed and parsed again', () => {
    fc.assert(
      fc.property(entryText(), (text) => {
        const first = parseEntry(text);
        assert.ok('entry' in first, text);
        const again = parseEntry(formatEntry(first.entry));
        assert.deepEqual(again, first);
        assert.ok('entry' in again && formatEntry(again.entry) === formatEntry(first.entry));
      }),
    );
  });

  it('never throws, whatever the text', () => {
    fc.assert(fc.property(fc.string(), (text) => void parseEntry(text)));
    fc.assert(fc.property(fc.stringMatching(/^[:/[\]*.a0]{0,12}$/), (text) => void parseEntry(text)));
  });
});

function entryText(): fc.Arbitrary<string> {
  const label = fc.stringMatching(/^[A-Za-z0-9_-]{1,8}$/);
  const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));
  const v4 = fc.uint8Array({ minLength: 4, maxLength: 4 }).map(formatAddress);
  const v6 = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => `[${formatAddress(bytes)}]`);
  const host = fc.oneof(
    fc.constant(''),
    name,
    name.map((suffix) => `*.${suffix}`),
    v4,
    v6,
    fc.tuple(v4, fc.integer({ min: 0, max: 32 })).map(([address, prefix]) => `${address}/${prefix}`),
    fc.tuple(v6, fc.integer({ min: 0, max: 128 })).map(([address, prefix]) => `${address}/${prefix}`),
  );
  const port = fc.oneof(
    fc.constant(''),
    fc.integer({ min: 1, max: 65_535 }).map((number) => `:${number}`),
  );
  return fc
    .tuple(fc.constantFrom('', 'tcp://', 'UDP://', 'any://'), host, port)
    .map((parts) => parts.join(''))
    .filter((text) => text !== '');
}
