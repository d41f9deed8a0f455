import assert from 'node:assert/strict';
import fc from 'fast-check';
import { kubeadmRanges, rangeInRefusal } from '../../../src/kube/discovery/declared.ts';
import { coverPods, inferServiceRanges } from '../../../src/kube/discovery/inference.ts';
import { cidrContains, formatCidr, parseAddress, parseCidr } from '../../../src/net/index.ts';

const services = (...addresses: string[]): string[] => inferServiceRanges(addresses).map(formatCidr);
const pods = (addresses: string[], nodes: string[] = [], known: string[] = []): string[] =>
  coverPods(
    addresses,
    nodes,
    known.map((text) => parseCidr(text)!),
  ).map(formatCidr);

describe('service ranges guessed from ClusterIPs', () => {
  for (const [what, addresses, expected] of [
    ['nothing', [], []],
    ["the API server's service alone", ['10.96.0.1'], ['10.96.0.0/16']],
    ['services of one /16', ['172.20.0.1', '172.20.200.7'], ['172.20.0.0/16']],
    ["kubeadm's /12, seen far apart", ['10.96.0.1', '10.111.200.7'], ['10.96.0.0/12']],
    ['a stray address', ['10.96.0.1', '172.20.0.9'], ['10.96.0.0/16', '172.20.0.0/16']],
    ['a range in public space', ['34.118.224.1', '34.118.230.9'], ['34.118.224.0/20']],
    ['shared address space', ['100.64.0.1'], ['100.64.0.0/16']],
    ['both families', ['10.43.0.1', 'fd00:10:96::1', 'fd00:10:96::a'], ['10.43.0.0/16', 'fd00:10:96::/112']],
    ['what is no address', ['None', '', '10.0.0.1'], ['10.0.0.0/16']],
  ] as const) {
    it(`from ${what}`, () => assert.deepEqual(services(...addresses), expected));
  }

  it('hold every address and are never wider than /12', () => {
    const address = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255)).map((bytes) => bytes.join('.'));
    fc.assert(
      fc.property(fc.array(address, { maxLength: 20 }), (addresses) => {
        const ranges = inferServiceRanges(addresses);
        for (const text of addresses) assert.ok(ranges.some((range) => cidrContains(range, parseAddress(text)!)));
        // Adjacent blocks may merge, but only as far as the addresses themselves reach.
        const held = ranges.reduce((sum, range) => sum + 2 ** (32 - range.prefix), 0);
        assert.ok(held <= Math.max(2 ** 20, addresses.length * 2 ** 16));
      }),
    );
  });
});

describe('pod ranges guessed from pods', () => {
  it('leave out what is known', () => {
    assert.deepEqual(pods(['10.244.0.5', '10.244.1.5'], [], ['10.244.0.0/24']), ['10.244.1.0/24']);
  });

  it('take a node-sized block', () => {
    assert.deepEqual(pods(['10.1.2.3', '10.1.2.99', '10.1.9.1']), ['10.1.2.0/24', '10.1.9.0/24']);
    assert.deepEqual(pods(['fd00:1:2:3::5']), ['fd00:1:2:3::/64']);
  });

  it('shrink where nodes are numbered alike, down to single addresses', () => {
    assert.deepEqual(pods(['10.0.1.70'], ['10.0.1.10']), ['10.0.1.64/26']);
    assert.deepEqual(pods(['10.0.1.12', '10.0.1.13'], ['10.0.1.10', '10.0.1.14']), ['10.0.1.12/31']);
    assert.deepEqual(pods(['10.0.1.10'], ['10.0.1.10']), []);
  });

  it('never hold an address of a node, and hold every pod that is not one', () => {
    const address = fc.nat(1023).map((n) => `10.0.${n >> 8}.${n & 255}`);
    fc.assert(
      fc.property(fc.array(address), fc.array(address), (podIps, nodeIps) => {
        const ranges = coverPods(podIps, nodeIps, []);
        const isHeld = (text: string): boolean => ranges.some((range) => cidrContains(range, parseAddress(text)!));
        for (const node of nodeIps) assert.ok(!isHeld(node));
        for (const pod of podIps) assert.ok(isHeld(pod) || nodeIps.includes(pod));
      }),
    );
  });
});

describe('ranges that the cluster gives away', () => {
  it("are read from the API server's refusal", () => {
    const words = 'failed to allocate IP 192.0.2.1: the provided IP (192.0.2.1) is not in the valid range. ';
    assert.equal(rangeInRefusal(`${words}The range of valid IPs is 10.96.0.0/12`), '10.96.0.0/12');
    assert.equal(rangeInRefusal(`${words}The range of valid IPs is fd00:10:96::/112.`), 'fd00:10:96::/112');
    assert.equal(rangeInRefusal(words), null);
  });

  it("are read from kubeadm's configuration", () => {
    const text =
      'networking:\n  dnsDomain: cluster.local\n  podSubnet: 10.244.0.0/16,fd00::/56\n  serviceSubnet: "10.96.0.0/12"\n';
    assert.deepEqual(kubeadmRanges(text), { services: ['10.96.0.0/12'], pods: ['10.244.0.0/16', 'fd00::/56'] });
    assert.deepEqual(kubeadmRanges('serviceSubnet: nonsense'), { services: [], pods: [] });
  });
});
