import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { parseNameSearch, type NameSearch } from '../../../src/names/resolv-conf.ts';

const AB = ['a.example', 'b.example'];

describe('resolv.conf', () => {
  it('reads what a pod has', () => {
    const text =
      'search default.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n';
    assert.deepEqual(parseNameSearch(text), {
      search: ['default.svc.cluster.local', 'svc.cluster.local', 'cluster.local'],
      ndots: 5,
    });
  });

  const rows: readonly (readonly [string, string, Partial<NameSearch>])[] = [
    ['an empty file', '', {}],
    ['comments', '# search a.example\n; options ndots:2\n', {}],
    ['CRLF, tabs and no last newline', 'options ndots:3\r\nsearch\ta.example  b.example', { search: AB, ndots: 3 }],
    ['search after domain', 'domain c.example\nsearch a.example b.example\n', { search: AB }],
    ['domain after search', 'search b.example c.example\ndomain a.example\n', { search: ['a.example'] }],
    ['the empty search list', 'search a.example\nsearch .\n', { search: [] }],
    ['a list without names', 'search a.example b.example\nsearch\ndomain\n', { search: AB }],
    ['case and final dots', 'search Corp.Example.\n', { search: ['corp.example'] }],
    ['options over several lines', 'options ndots:2 rotate\noptions timeout:1 edns0\n', { ndots: 2 }],
    ['the last of several', 'options ndots:2 ndots:4\noptions ndots:3\n', { ndots: 3 }],
    ['a number beyond the limit', 'options ndots:99\n', { ndots: 15 }],
    ['numbers that are none', 'options ndots:x ndots: ndots:-1\n', {}],
    ['keywords it does not know', 'sortlist 10.0.0.0\nfamily inet4\n', {}],
  ];
  for (const [what, text, expected] of rows) {
    it(`reads ${what}`, () => assert.deepEqual(parseNameSearch(text), { search: [], ndots: 1, ...expected }));
  }

  it('never throws', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parseNameSearch(text)));
    const soup = fc.array(
      fc.constantFrom('nameserver', 'search', 'options', 'domain', ' ', '\n', '\t', '::1', 'ndots:', '9', '.', '#'),
    );
    fc.assert(fc.property(soup, (parts) => void parseNameSearch(parts.join(''))));
  });
});
