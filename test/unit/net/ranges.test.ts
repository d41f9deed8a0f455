import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  cidrContains,
  cidrHolds,
  containingRange,
  excludeRanges,
  formatCidr,
  mergeRanges,
  overlap,
  overlappingRanges,
  parseAddress,
  parseCidr,
  parseRanges,
  type Cidr,
} from '../../../src/net/index.ts';

/** Ranges within one /24 and one /120, so that their addresses can be counted one by one. */
const SMALL = 8;
const v4 = fc.tuple(fc.nat(255), fc.integer({ min: 24, max: 32 })).map(([low, prefix]) => `10.1.2.${low}/${prefix}`);
const v6 = fc
  .tuple(fc.nat(255), fc.integer({ min: 120, max: 128 }))
  .map(([low, prefix]) => `fd00::${low.toString(16)}/${prefix}`);
const ranges = fc.array(fc.oneof(v4, v6), { maxLength: SMALL }).map((texts) => parseRanges(texts)!);
const universe = Array.from({ length: 256 }, (_, low) => [
  parseAddress(`10.1.2.${low}`)!,
  parseAddress(`fd00::${low.toString(16)}`)!,
]).flat();

const members = (list: readonly Cidr[]): boolean[] =>
  universe.map((address) => containingRange(list, address) !== undefined);

describe('net: ranges', () => {
  it('merged ranges hold the same addresses, disjoint and in order', () => {
    fc.assert(
      fc.property(ranges, (list) => {
        const merged = mergeRanges(list);
        assert.deepEqual(members(merged), members(list));
        assert.deepEqual(mergeRanges(merged), merged);
        for (const [i, a] of merged.entries()) for (const b of merged.slice(i + 1)) assert.ok(!overlap(a, b));
      }),
    );
  });

  it('excluded ranges hold exactly the difference', () => {
    fc.assert(
      fc.property(ranges, ranges, (list, holes) => {
        const inList = members(list);
        const inHoles = members(holes);
        assert.deepEqual(
          members(excludeRanges(list, holes)),
          inList.map((isIn, i) => isIn && !inHoles[i]),
        );
      }),
    );
  });

  it('overlap means a common address', () => {
    fc.assert(
      fc.property(ranges, ranges, (a, b) => {
        const common = members(a).some((isIn, i) => isIn && members(b)[i]);
        assert.equal(overlappingRanges(a, b).length > 0, common);
      }),
      { numRuns: 50 },
    );
  });

  it('the whole of each family survives', () => {
    assert.deepEqual(mergeRanges(parseRanges(['0.0.0.0/1', '128.0.0.0/1', '::/0', '1.2.3.4'])!).map(formatCidr), [
      '0.0.0.0/0',
      '::/0',
    ]);
    const rest = excludeRanges(parseRanges(['0.0.0.0/0'])!, parseRanges(['255.255.255.255/32'])!);
    assert.equal(rest.length, 32);
    assert.ok(!rest.some((range) => cidrContains(range, parseAddress('255.255.255.255')!)));
    assert.deepEqual(excludeRanges(parseRanges(['10.0.0.0/8', 'fd00::/8'])!, parseRanges(['0.0.0.0/0', '::/0'])!), []);
  });

  it('splits around a hole into the fewest ranges', () => {
    assert.deepEqual(excludeRanges(parseRanges(['10.96.0.0/16'])!, parseRanges(['10.96.128.0/18'])!).map(formatCidr), [
      '10.96.0.0/17',
      '10.96.192.0/18',
    ]);
  });

  it('clears host bits, takes bare addresses, keeps the families apart', () => {
    assert.equal(formatCidr(parseCidr('10.96.1.1/12')!), '10.96.0.0/12');
    assert.equal(formatCidr(parseCidr('fd00::1:2:3/65')!), 'fd00::/65');
    assert.equal(formatCidr(parseCidr('10.0.0.1')!), '10.0.0.1/32');
    assert.ok(!cidrContains(parseCidr('0.0.0.0/0')!, parseAddress('::1')!));
    assert.ok(cidrHolds(parseCidr('10.0.0.0/8')!, parseCidr('10.1.0.0/16')!));
    assert.ok(!cidrHolds(parseCidr('10.1.0.0/16')!, parseCidr('10.0.0.0/8')!));
  });

  it('refuses what is no range', () => {
    for (const text of [
      '',
      '/8',
      '10.0.0.0/',
      '10.0.0.0/33',
      '::/129',
      '10.0.0.0/08',
      '10.0.0.0/-1',
      '10.0.0/8',
      '10.0.0.0/8/8',
    ]) {
      assert.equal(parseCidr(text), null, text);
    }
    assert.equal(parseRanges(['10.0.0.0/8', 'x']), null);
  });
});
