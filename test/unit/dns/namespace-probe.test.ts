import assert from 'node:assert/strict';
import { decode, encode } from 'dns-packet';
import { NamespaceProbe } from '../../../src/dns/namespace-probe.ts';

function probe(rcodes: Readonly<Record<string, number>>) {
  const asked: string[] = [];
  const found: string[] = [];
  const clock = { now: 0 };
  const prober = new NamespaceProbe({
    ask: async (message) => {
      const { id, questions } = decode(Buffer.from(message));
      const name = questions?.[0]?.name ?? '';
      asked.push(name);
      const rcode = rcodes[name];
      if (rcode === undefined) throw new Error('away');
      return encode({ type: 'response', id: id ?? 0, flags: rcode, questions: questions ?? [] });
    },
    now: () => clock.now,
    found: (namespace) => found.push(namespace),
  });
  return { prober, asked, found, clock };
}

describe('a namespace that may not be listed', () => {
  it('exists when its node in the zone is empty, not missing', async () => {
    const { prober, found } = probe({ 'shop.svc.cluster.local': 0, 'com.svc.cluster.local': 3 });
    assert.equal(await prober.exists('shop', 'cluster.local'), true);
    assert.equal(await prober.exists('com', 'cluster.local'), false);
    assert.deepEqual(found, ['shop']);
  });

  it('is not asked for again for a while once it was missing', async () => {
    const { prober, asked, clock } = probe({ 'com.svc.cluster.local': 3 });
    await prober.exists('com', 'cluster.local');
    clock.now = 29_999;
    await prober.exists('com', 'cluster.local');
    assert.equal(asked.length, 1);
    clock.now = 30_000;
    await prober.exists('com', 'cluster.local');
    assert.equal(asked.length, 2);
  });

  it('is neither there nor missing while the agent is away', async () => {
    const { prober, asked } = probe({});
    assert.equal(await prober.exists('shop', 'cluster.local'), false);
    await prober.exists('shop', 'cluster.local');
    assert.equal(asked.length, 2);
  });
});
