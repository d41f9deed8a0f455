import { strict as assert } from 'node:assert';
import { answerLines, bench, decode, question } from '../support/dns.ts';

const FAR = { legacy: ['10.1.2.3'], 'legacy.corp.test': ['10.1.2.3', 'fd00::3'] };

describe("a name of the target's hosts file", () => {
  it('is answered from there, and neither the cluster nor the machine is asked', async () => {
    const { resolver, cluster, upstream, announced } = bench({ targetHosts: FAR });
    for (const [name, type, lines] of [
      ['legacy', 'A', ['legacy A 10.1.2.3']],
      ['Legacy.Corp.test', 'A', ['Legacy.Corp.test A 10.1.2.3']],
      ['legacy.corp.test', 'AAAA', ['legacy.corp.test AAAA fd00::3']],
    ] as const) {
      assert.deepEqual(answerLines(await resolver.answer(question(name, type), 'udp')), lines);
    }
    assert.deepEqual([cluster, upstream], [[], []]);
    assert.equal(announced[0], 'cluster legacy 10.1.2.3 5', 'a filter by name follows it');
  });

  it('is the same with a suffix of the search list, as systemd-resolved asks', async () => {
    const { resolver } = bench({ targetHosts: FAR });
    const name = 'legacy.default.svc.cluster.local';
    assert.deepEqual(answerLines(await resolver.answer(question(name), 'udp')), [`${name} A 10.1.2.3`]);
  });

  it('has no data of other types, which must not look as if there were no such name', async () => {
    const { resolver, upstream } = bench({ targetHosts: FAR });
    for (const type of ['AAAA', 'MX', 'TXT'] as const) {
      const answer = decode(await resolver.answer(question('legacy', type), 'udp'));
      assert.deepEqual([answer.rcode, answer.answers], ['NOERROR', []], type);
    }
    assert.deepEqual(upstream, []);
  });

  it('has no IPv6 address where the configuration has none', async () => {
    const { resolver } = bench({ targetHosts: FAR, policy: { ipv6: false } });
    assert.deepEqual(decode(await resolver.answer(question('legacy.corp.test', 'AAAA'), 'udp')).answers, []);
  });

  it("is this machine's where its own hosts file has it, a rule says so, or the configuration", async () => {
    const own = bench({ targetHosts: FAR, hosts: { 'legacy.corp.test': ['192.168.1.9'] } });
    assert.deepEqual(answerLines(await own.resolver.answer(question('legacy.corp.test'), 'udp')), [
      'legacy.corp.test A 192.168.1.9',
    ]);
    const upstream = { 'legacy.corp.test A': ['192.168.1.8'] };
    const local = bench({ targetHosts: FAR, upstream, policy: { rule: () => 'local' } });
    assert.deepEqual(answerLines(await local.resolver.answer(question('legacy.corp.test'), 'udp')), [
      'legacy.corp.test A 192.168.1.8',
    ]);
    const fixed = bench({
      targetHosts: FAR,
      policy: { host: (name) => (name === 'legacy' ? ['10.9.9.9'] : undefined) },
    });
    assert.deepEqual(answerLines(await fixed.resolver.answer(question('legacy'), 'udp')), ['legacy A 10.9.9.9']);
  });
});
