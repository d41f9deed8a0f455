import { strict as assert } from 'node:assert';
import { MAX_QUESTIONS } from '../../../src/dns/resolver.ts';
import { clusterNames } from '../../../src/names/cluster-names.ts';
import { answerLines, answerTo, bench, decode, question, ttls } from '../support/dns.ts';

const ZONE = { 'db.default.svc.cluster.local A': ['10.96.0.1'] };

/** What a busy machine may add to a deadline, ms. */
const BUSY_MS = 1_500;

describe('repeated questions', () => {
  it('in flight are sent once, and each has its own id back', async () => {
    const test = bench({ cluster: ZONE, upstream: { 'www.example.com A': ['192.0.2.1'] } });
    for (const name of ['db', 'www.example.com']) {
      const answers = await Promise.all(
        [1, 2, 3].map((id) => test.resolver.answer(question(name, 'A', { id }), 'udp')),
      );
      assert.deepEqual(
        answers.map((answer) => decode(answer).id),
        [1, 2, 3],
      );
    }
    assert.equal(test.cluster.length, 1);
    assert.equal(test.upstream.length, 1);
  });

  it('about the cluster are answered from memory for the rest of 5 s', async () => {
    const test = bench({ cluster: ZONE });
    const ttl = async () => ttls(await test.resolver.answer(question('db'), 'udp'))[0];
    assert.equal(await ttl(), 5);
    test.clock = 3_000;
    assert.equal(await ttl(), 2);
    assert.equal(test.cluster.length, 1);
    test.clock = 5_000;
    assert.equal(await ttl(), 5);
    assert.equal(test.cluster.length, 2);
  });

  it('that were answered in the negative are asked again after a second', async () => {
    const test = bench();
    await test.resolver.answer(question('db.prod.svc.cluster.local'), 'udp');
    test.clock = 900;
    await test.resolver.answer(question('db.prod.svc.cluster.local'), 'udp');
    assert.equal(test.cluster.length, 1);
    test.clock = 1_000;
    await test.resolver.answer(question('db.prod.svc.cluster.local'), 'udp');
    assert.equal(test.cluster.length, 2);
  });

  it('are asked again after an update, a flush, a failure', async () => {
    const test = bench({ cluster: { ...ZONE, 'bad.default.svc.cluster.local A': 'servfail' } });
    await test.resolver.answer(question('db'), 'udp');
    test.resolver.flush();
    await test.resolver.answer(question('db'), 'udp');
    assert.equal(test.cluster.length, 2);
    await test.resolver.answer(question('bad.default.svc.cluster.local'), 'udp');
    await test.resolver.answer(question('bad.default.svc.cluster.local'), 'udp');
    assert.equal(test.cluster.length, 4);
  });

  it('follow new namespaces', async () => {
    const test = bench({ cluster: { 'db.fresh.svc.cluster.local A': ['10.96.0.1'] } });
    assert.equal(decode(await test.resolver.answer(question('db.fresh'), 'udp')).rcode, 'NXDOMAIN');
    assert.equal(test.cluster.length, 0);
    const names = clusterNames({
      clusterDomain: 'Cluster.Local.',
      zones: ['Cluster.Local.'],
      namespaces: ['fresh'],
      shortNamespaces: ['fresh'],
      search: ['svc.cluster.local.'],
      ndots: 5,
      ranges: [],
    });
    test.resolver.update(names);
    assert.deepEqual(answerLines(await test.resolver.answer(question('db.fresh'), 'udp')), ['db.fresh A 10.96.0.1']);
  });

  it('are kept up to a number; the oldest are forgotten', async () => {
    const cluster = (message: Uint8Array) =>
      Promise.resolve(answerTo(message, [{ name: 'x', type: 'A', ttl: 5, data: '10.96.0.1' }]));
    let sent = 0;
    const test = bench({ ports: { cluster: (message) => cluster(message).finally(() => sent++) } });
    const ask = (i: number) => test.resolver.answer(question(`a${i}`), 'udp');
    for (let i = 0; i <= 1_024; i++) await ask(i);
    await ask(1);
    assert.equal(sent, 1_025, 'a1 is still kept');
    await ask(0);
    assert.equal(sent, 1_026, 'a0 is not');
  });
});

describe('silence', () => {
  it('of the cluster is SERVFAIL within 2 s', async () => {
    const test = bench({ ports: { cluster: () => new Promise(() => undefined), now: () => performance.now() } });
    const started = performance.now();
    for (const answer of await Promise.all(
      ['db', 'db.prod.svc', 'a.b.svc.cluster.local', 'web.prod'].map((name) =>
        test.resolver.answer(question(name), 'udp'),
      ),
    )) {
      assert.equal(decode(answer).rcode, 'SERVFAIL');
    }
    const took = performance.now() - started;
    assert.ok(took > 1_000 && took < 2_000 + BUSY_MS, `${took} ms`);
    assert.deepEqual(test.upstream, [], "a cluster name does not leave for the machine's servers");
  });

  it('of an agent that is away is SERVFAIL at once', async () => {
    const test = bench({ ports: { cluster: () => Promise.reject(new Error('tunnel lost')) } });
    const started = performance.now();
    assert.equal(decode(await test.resolver.answer(question('db'), 'udp')).rcode, 'SERVFAIL');
    assert.ok(performance.now() - started < 1_000, 'no deadline was waited for');
  });

  it("of the machine's servers is SERVFAIL within 5 s, for 50,000 questions within a bound", async () => {
    const test = bench({ ports: { upstream: () => new Promise(() => undefined) } });
    const before = process.memoryUsage().rss;
    const started = performance.now();
    const answers = Array.from({ length: 50_000 }, (_, i) =>
      test.resolver.answer(question(`a${i}.example.com`), 'udp'),
    );
    const rcodes = new Set((await Promise.all(answers)).map((answer) => decode(answer).rcode));
    const took = performance.now() - started;
    assert.deepEqual([...rcodes], ['SERVFAIL']);
    assert.ok(took > 4_000 && took < 5_000 + BUSY_MS, `${took} ms`);
    const grown = process.memoryUsage().rss - before;
    assert.ok(grown < 200_000_000, `${grown} bytes for ${MAX_QUESTIONS} questions at once`);
  }).timeout(15_000);
});
