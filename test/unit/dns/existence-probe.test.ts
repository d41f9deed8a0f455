import assert from 'node:assert/strict';
import { decode, encode } from 'dns-packet';
import { ExistenceProbe } from '../../../src/dns/existence-probe.ts';

function probe(rcodes: Readonly<Record<string, number>>) {
  const asked: string[] = [];
  const clock = { now: 0 };
  const prober = new ExistenceProbe({
    ask: async (message) => {
      const { id, questions } = decode(Buffer.from(message));
      const name = questions?.[0]?.name ?? '';
      asked.push(name);
      const rcode = rcodes[name];
      if (rcode === undefined) throw new Error('away');
      return encode({ type: 'response', id: id ?? 0, flags: rcode, questions: questions ?? [] });
    },
    now: () => clock.now,
  });
  return { prober, asked, clock };
}

describe('a namespace or service that may not be listed', () => {
  it('exists when its node in the zone is empty, not missing', async () => {
    const { prober } = probe({ 'shop.svc.cluster.local': 0, 'com.svc.cluster.local': 3 });
    assert.equal(await prober.exists('shop.svc.cluster.local'), true);
    assert.equal(await prober.exists('com.svc.cluster.local'), false);
  });

  for (const rcode of [0, 3]) {
    it(`is not asked for again for a while (rcode ${rcode})`, async () => {
      const { prober, asked, clock } = probe({ 'a.svc.cluster.local': rcode });
      await prober.exists('a.svc.cluster.local');
      clock.now = 29_999;
      assert.equal(await prober.exists('a.svc.cluster.local'), rcode === 0);
      assert.equal(asked.length, 1);
      clock.now = 30_000;
      await prober.exists('a.svc.cluster.local');
      assert.equal(asked.length, 2);
    });
  }

  it('is neither there nor missing while the agent is away', async () => {
    const { prober, asked } = probe({});
    assert.equal(await prober.exists('shop.svc.cluster.local'), false);
    await prober.exists('shop.svc.cluster.local');
    assert.equal(asked.length, 2);
  });
});
