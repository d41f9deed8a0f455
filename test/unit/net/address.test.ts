import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import fc from 'fast-check';
import { formatAddress, formatAddressAt, parseAddress, sameAddress } from '../../../src/net/index.ts';

const octets = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });
/** Addresses with many zero groups, as people write them. */
const sparse = fc
  .array(fc.oneof(fc.constant(0), fc.nat(0xffff)), { minLength: 8, maxLength: 8 })
  .map((groups) => Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 255])));

describe('net: addresses', () => {
  it('come back from their text', () => {
    fc.assert(
      fc.property(fc.oneof(octets(4), octets(16), sparse), (address) => {
        const text = formatAddress(address);
        assert.equal(isIP(text), address.length === 4 ? 4 : 6);
        assert.deepEqual(parseAddress(text), address);
      }),
    );
  });

  it('are written as the WHATWG URL serializer writes them (RFC 5952)', () => {
    fc.assert(
      fc.property(fc.oneof(octets(16), sparse), (address) => {
        fc.pre(!formatAddress(address).startsWith('::ffff:'));
        assert.equal(`[${formatAddress(address)}]`, new URL(`http://[${formatAddress(address)}]/`).hostname);
      }),
    );
  });

  it('parse exactly where node:net says they are addresses', () => {
    const text = fc.oneof(
      fc.ipV4(),
      fc.ipV6(),
      fc.stringMatching(/^[0-9a-f:.]{0,40}$/),
      fc.stringMatching(/^([0-9]{1,3}\.){3}[0-9]{1,3}$/),
      fc.stringMatching(/^([0-9a-f]{0,4}:){2,8}[0-9a-f]{0,4}$/),
    );
    fc.assert(
      fc.property(text, (candidate) => {
        assert.equal(
          parseAddress(candidate) === null ? 0 : parseAddress(candidate)!.length === 4 ? 4 : 6,
          isIP(candidate),
        );
      }),
      { numRuns: 2000 },
    );
  });

  it('have one canonical text', () => {
    const table: [string, string][] = [
      ['0.0.0.0', '0.0.0.0'],
      ['::', '::'],
      ['0:0:0:0:0:0:0:1', '::1'],
      ['2001:DB8::0:1', '2001:db8::1'],
      ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
      ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
      ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
      ['::ffff:c000:0201', '::ffff:192.0.2.1'],
      ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ];
    for (const [text, canonical] of table) assert.equal(formatAddress(parseAddress(text)!), canonical);
  });

  it('refuse what programs disagree about', () => {
    for (const text of [
      '',
      '1.2.3',
      '01.2.3.4',
      '1.2.3.256',
      '0x1.2.3.4',
      '1',
      'fe80::1%eth0',
      ':::',
      '1::2::3',
      '::1.2.3',
      '1.2.3.4::',
    ]) {
      assert.equal(parseAddress(text), null, text);
    }
  });

  it('are read from the middle of a packet, and compared by bytes', () => {
    const packet = Uint8Array.from([9, 9, 10, 0, 0, 1, 9]);
    assert.equal(formatAddressAt(packet, 2, 4), '10.0.0.1');
    assert.ok(sameAddress(Uint8Array.of(10, 0, 0, 1), parseAddress('10.0.0.1')!));
    assert.ok(!sameAddress(parseAddress('::1')!, parseAddress('0.0.0.1')!));
  });
});
