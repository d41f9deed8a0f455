import { strict as assert } from 'node:assert';
import { isIP } from 'node:net';
import fc from 'fast-check';
import { formatResolvConf, parseResolvConf, RESOLV_CONF_DEFAULTS } from '../../../src/dns/resolv-conf.ts';

describe('resolv.conf', () => {
  it('reads what a pod has', () => {
    const text =
      'search default.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n';
    assert.deepEqual(parseResolvConf(text), {
      ...RESOLV_CONF_DEFAULTS,
      nameservers: ['10.96.0.10'],
      search: ['default.svc.cluster.local', 'svc.cluster.local', 'cluster.local'],
      ndots: 5,
    });
  });

  const rows: readonly (readonly [string, string, Partial<typeof RESOLV_CONF_DEFAULTS>])[] = [
    ['an empty file', '', {}],
    ['comments', '# nameserver 1.1.1.1\n; nameserver 1.1.1.2\n', {}],
    ['scoped IPv6', 'nameserver fe80::1%eth0\n', { nameservers: ['fe80::1%eth0'] }],
    ['what stands behind the address', 'nameserver 10.0.0.1 # home\n', { nameservers: ['10.0.0.1'] }],
    ['a server that is no address', 'nameserver dns.example\nnameserver\n', {}],
    [
      'CRLF, tabs and no last newline',
      'nameserver\t10.0.0.1\r\nsearch\ta.example  b.example',
      {
        nameservers: ['10.0.0.1'],
        search: ['a.example', 'b.example'],
      },
    ],
    ['search after domain', 'domain a.example\nsearch b.example c.example\n', { search: ['b.example', 'c.example'] }],
    ['domain after search', 'search b.example c.example\ndomain a.example\n', { search: ['a.example'] }],
    ['the empty search list', 'search a.example\nsearch .\n', { search: [] }],
    ['case and final dots', 'search Corp.Example.\n', { search: ['corp.example'] }],
    [
      'options over several lines',
      'options ndots:2 rotate\noptions timeout:1 attempts:3 edns0 rotate\n',
      {
        ndots: 2,
        timeout: 1,
        attempts: 3,
        options: ['rotate', 'edns0'],
      },
    ],
    ['numbers beyond the limits', 'options ndots:99 timeout:99 attempts:99\n', { ndots: 15, timeout: 30, attempts: 5 }],
    ['numbers that are none', 'options ndots:x ndots: timeout:-1\n', { options: ['ndots:x', 'ndots:', 'timeout:-1'] }],
    ['keywords it does not know', 'sortlist 10.0.0.0\nfamily inet4\n', {}],
  ];
  for (const [what, text, expected] of rows) {
    it(`reads ${what}`, () => assert.deepEqual(parseResolvConf(text), { ...RESOLV_CONF_DEFAULTS, ...expected }));
  }

  it('writes what it reads', () => {
    const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?$/);
    const conf = fc.record(
      {
        nameservers: fc.array(
          fc.oneof(
            fc.ipV4(),
            fc.ipV6().filter((address) => isIP(address) === 6),
          ),
        ),
        search: fc.array(fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => labels.join('.'))),
        ndots: fc.nat(15),
        timeout: fc.nat(30),
        attempts: fc.nat(5),
        options: fc.uniqueArray(fc.constantFrom('rotate', 'edns0', 'trust-ad', 'single-request')),
      },
      { noNullPrototype: true },
    );
    fc.assert(
      fc.property(conf, (each) => {
        assert.deepEqual(parseResolvConf(formatResolvConf(each, ['made by a test', 'search nowhere'])), each);
      }),
    );
  });

  it('never throws', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parseResolvConf(text)));
    const soup = fc.array(
      fc.constantFrom('nameserver', 'search', 'options', 'domain', ' ', '\n', '\t', '::1', 'ndots:', '9', '.', '#'),
    );
    fc.assert(fc.property(soup, (parts) => void parseResolvConf(parts.join(''))));
  });
});
