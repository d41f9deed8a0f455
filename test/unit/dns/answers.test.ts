import { strict as assert } from 'node:assert';
import type { NameRule } from '../../../src/dns/resolver.ts';
import { answerLines, answerTo, bench, decode, question, ttls } from '../support/dns.ts';

const POD = '10.244.0.7';
const SERVICE = '10.96.1.1';

describe('a cluster name', () => {
  it('is answered under the asked name, in the asked case', async () => {
    const { resolver, cluster } = bench({ cluster: { 'db.default.svc.cluster.local A': [SERVICE] } });
    const answer = await resolver.answer(question('dB', 'A', { id: 77 }), 'udp');
    assert.deepEqual(answerLines(answer), [`dB A ${SERVICE}`]);
    assert.equal(decode(answer).id, 77);
    assert.deepEqual(decode(answer).questions, [{ name: 'dB', type: 'A', class: 'IN' }]);
    assert.deepEqual(cluster, ['dB.default.svc.cluster.local A']);
  });

  it('takes the first positive form in the order of the search list', async () => {
    const { resolver } = bench({
      cluster: { 'db.prod.cluster.local A': ['10.96.0.3'], 'db.prod.svc.cluster.local A': ['10.96.0.2'] },
    });
    assert.deepEqual(answerLines(await resolver.answer(question('db.prod'), 'udp')), ['db.prod A 10.96.0.2']);
  });

  it('is given with a TTL of 5 s at most, and less where the cluster says less', async () => {
    for (const [ttl, expected] of [
      [3600, 5],
      [5, 5],
      [2, 2],
      [0, 0],
    ] as const) {
      const { resolver } = bench({
        ports: { cluster: (m) => Promise.resolve(answerTo(m, [{ name: 'x', type: 'A', ttl, data: POD }])) },
      });
      for (const name of ['db', 'db.default.svc.cluster.local']) {
        assert.deepEqual(ttls(await resolver.answer(question(name), 'udp')), [expected]);
      }
    }
  });

  it('that exists without the asked type is NODATA with an SOA', async () => {
    const { resolver, cluster } = bench({ cluster: { 'db.default.svc.cluster.local A': [SERVICE] } });
    const answer = decode(await resolver.answer(question('db', 'AAAA'), 'udp'));
    assert.equal(answer.rcode, 'NOERROR');
    assert.deepEqual(answer.answers, []);
    assert.equal(answer.authorities?.[0]?.type, 'SOA');
    assert.equal(answer.authorities[0].ttl, 5);
    assert.deepEqual(cluster, ['db.default.svc.cluster.local AAAA'], 'no other host is asked for');
  });

  it('is NODATA when any form is, and NXDOMAIN when all are', async () => {
    assert.equal(decode(await bench().resolver.answer(question('db.prod.svc'), 'udp')).rcode, 'NXDOMAIN');
    for (const form of [
      'db.prod.svc.default.svc.cluster.local',
      'db.prod.svc.cluster.local',
      'db.prod.svc.ec2.internal',
    ]) {
      const { resolver } = bench({ cluster: { [`${form} TXT`]: ['x'] } });
      assert.equal(decode(await resolver.answer(question('db.prod.svc'), 'udp')).rcode, 'NOERROR', form);
    }
  });

  it('that does not exist is NXDOMAIN, and the machine is not asked, under svc and the cluster domain', async () => {
    const { resolver, upstream } = bench({ upstream: { 'nowhere.svc A': ['192.0.2.1'] } });
    for (const name of ['nowhere.svc', 'db.nowhere.svc', 'nowhere.cluster.local', '9.0.96.10.in-addr.arpa']) {
      assert.equal(decode(await resolver.answer(question(name), 'udp')).rcode, 'NXDOMAIN', name);
    }
    assert.deepEqual(upstream, []);
  });

  it('fails with SERVFAIL when one of its forms failed and none was found', async () => {
    const { resolver, upstream } = bench({ cluster: { 'db.svc.cluster.local A': 'servfail' } });
    assert.equal(decode(await resolver.answer(question('db'), 'udp')).rcode, 'SERVFAIL');
    assert.deepEqual(upstream, []);
  });

  it('is found in spite of a form that failed', async () => {
    const { resolver } = bench({
      cluster: { 'db.prod.default.svc.cluster.local A': 'refused', 'db.prod.svc.cluster.local A': [SERVICE] },
    });
    assert.deepEqual(answerLines(await resolver.answer(question('db.prod'), 'udp')), [`db.prod A ${SERVICE}`]);
  });

  it('keeps CNAME chains, SRV, PTR, TXT and MX data as they are', async () => {
    const { resolver } = bench({
      ports: {
        cluster: (m) => {
          const name = decode(m).questions?.[0]?.name ?? '';
          return Promise.resolve(
            answerTo(m, [
              { name, type: 'CNAME', ttl: 30, data: 'target.example.com' },
              { name: 'target.example.com', type: 'A', ttl: 30, data: '192.0.2.9' },
              { name, type: 'SRV', ttl: 30, data: { port: 1, priority: 2, weight: 3, target: name } },
              { name, type: 'MX', ttl: 30, data: { preference: 4, exchange: `mx.${name}` } },
              { name, type: 'TXT', ttl: 30, data: 'words' },
            ]),
          );
        },
      },
    });
    const answer = decode(await resolver.answer(question('ext'), 'udp')).answers ?? [];
    assert.deepEqual(
      answer.map((each) => [each.name, each.type]),
      [
        ['ext', 'CNAME'],
        ['target.example.com', 'A'],
        ['ext', 'SRV'],
        ['ext', 'MX'],
        ['ext', 'TXT'],
      ],
    );
    const full = 'ext.default.svc.cluster.local';
    assert.deepEqual(answer[2]?.type === 'SRV' && answer[2].data, { port: 1, priority: 2, weight: 3, target: full });
    assert.deepEqual(answer[3]?.type === 'MX' && answer[3].data, { preference: 4, exchange: `mx.${full}` });
  });

  it('has no IPv6 address when IPv6 is off, and stays unknown when it is', async () => {
    const { resolver, announced } = bench({
      cluster: { 'db.default.svc.cluster.local AAAA': ['fd00::1'], 'db.default.svc.cluster.local A': [SERVICE] },
      policy: { ipv6: false },
    });
    for (const name of ['db', 'db.default.svc.cluster.local']) {
      const answer = decode(await resolver.answer(question(name, 'AAAA'), 'udp'));
      assert.deepEqual([answer.rcode, answer.answers], ['NOERROR', []]);
    }
    assert.equal(decode(await resolver.answer(question('nowhere', 'AAAA'), 'udp')).rcode, 'NXDOMAIN');
    assert.deepEqual(announced, []);
    assert.deepEqual(answerLines(await resolver.answer(question('db'), 'udp')), [`db A ${SERVICE}`]);
  });

  it('is announced with all its addresses before the answer is given', async () => {
    let release: () => void = () => undefined;
    const seen: unknown[] = [];
    const { resolver } = bench({
      cluster: { 'db.default.svc.cluster.local A': [SERVICE, POD] },
      policy: {
        prepareAnswer: async (...call) => {
          seen.push(call);
          await new Promise<void>((resolve) => (release = resolve));
        },
      },
    });
    let given = false;
    const answer = resolver.answer(question('db'), 'udp').finally(() => (given = true));
    while (seen.length === 0) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(seen, [['db', [SERVICE, POD], 5, 'cluster']]);
    assert.equal(given, false);
    release();
    assert.equal(answerLines(await answer).length, 2);
  });

  it('whose route cannot be made is SERVFAIL', async () => {
    const { resolver, reported } = bench({
      cluster: { 'db.default.svc.cluster.local A': [SERVICE] },
      policy: { prepareAnswer: () => Promise.reject(new Error('no route')) },
    });
    assert.equal(decode(await resolver.answer(question('db'), 'udp')).rcode, 'SERVFAIL');
    assert.equal(reported.length, 1);
  });
});

describe('a short name that the cluster does not know', () => {
  const upstream = { 'printer A': ['192.168.1.9'], 'web.prod A': ['192.0.2.5'] };

  it("is asked of the machine's servers, as it is", async () => {
    for (const name of ['printer', 'web.prod']) {
      const test = bench({ upstream });
      assert.equal(answerLines(await test.resolver.answer(question(name), 'udp')).length, 1);
      assert.deepEqual(test.upstream, [`${name} A`]);
      assert.ok(!test.cluster.includes(`${name} A`), 'never reaches the cluster as it is');
    }
  });

  it('is NXDOMAIN when the machine does not know it either, or has no servers', async () => {
    assert.equal(decode(await bench().resolver.answer(question('printer'), 'udp')).rcode, 'NXDOMAIN');
    const offline = bench({ ports: { upstream: () => Promise.reject(new Error('no servers')) } });
    assert.equal(decode(await offline.resolver.answer(question('printer'), 'udp')).rcode, 'NXDOMAIN');
  });

  it('is not kept from the machine by a node suffix that fails', async () => {
    const test = bench({ cluster: { 'printer.ec2.internal A': 'refused' }, upstream });
    assert.equal(answerLines(await test.resolver.answer(question('printer'), 'udp')).length, 1);
  });
});

describe('a zone of the public tree', () => {
  it('that looks like a short name is asked of the machine only', async () => {
    for (const [name, type] of [
      ['com', 'NS'],
      ['dev', 'DS'],
      ['web.prod', 'DNSKEY'],
    ] as const) {
      const test = bench();
      await test.resolver.answer(question(name, type), 'udp');
      assert.deepEqual([test.cluster, test.upstream], [[], [`${name} ${type}`]]);
    }
  });
});

describe('a name outside', () => {
  it("goes to the machine's servers only", async () => {
    const test = bench({ upstream: { 'www.example.com A': ['192.0.2.1'] } });
    const answer = await test.resolver.answer(question('www.example.com'), 'udp');
    assert.deepEqual(ttls(answer), [30], 'unchanged');
    assert.deepEqual([test.cluster, test.upstream], [[], ['www.example.com A']]);
    assert.deepEqual(test.announced, ['local www.example.com 192.0.2.1 30']);
  });

  it('comes back byte for byte, whatever the answer holds', async () => {
    const noise = Buffer.from('c00c0041000100000e1000050001000000', 'hex');
    const test = bench({
      ports: {
        upstream: (m) =>
          Promise.resolve(Buffer.concat([m.subarray(0, 2), Buffer.from('8180', 'hex'), m.subarray(4), noise])),
      },
    });
    const asked = question('WwW.ExAmPlE.com', 'A', { edns: 1232, dnssec: true });
    const answer = await test.resolver.answer(asked, 'udp');
    assert.deepEqual(
      Buffer.from(answer ?? []),
      Buffer.concat([asked.subarray(0, 2), Buffer.from('8180', 'hex'), asked.subarray(4), noise]),
    );
  });

  it('is a pod of a headless service when the machine does not know it, and the own namespace has such a service', async () => {
    const asked: string[] = [];
    const serviceExists = (label: string): Promise<boolean> => {
      asked.push(label);
      return Promise.resolve(label === 'db');
    };
    const test = bench({
      cluster: { 'db-0.db.default.svc.cluster.local A': ['10.244.0.7'] },
      ports: { serviceExists },
    });
    assert.equal(answerLines(await test.resolver.answer(question('db-0.db'), 'udp')).length, 1);
    for (const name of ['none.com', 'a.b.db', 'db-0.local']) {
      assert.equal(decode(await test.resolver.answer(question(name), 'udp')).rcode, 'NXDOMAIN');
    }
    assert.deepEqual(asked, ['db', 'com']);
    assert.ok(
      test.cluster.every((name) => name.startsWith('db-0.db.')),
      test.cluster.join(' '),
    );
  });

  it('waits less than a second for silent servers of the machine where it is a service of a namespace after all', async () => {
    const { resolver } = bench({
      cluster: { 'db.found.svc.cluster.local A': [SERVICE] },
      upstream: { 'db.found A': 'silent' },
      ports: { namespaceExists: (label) => Promise.resolve(label === 'found') },
    });
    const started = performance.now();
    assert.deepEqual(answerLines(await resolver.answer(question('db.found'), 'udp')), [`db.found A ${SERVICE}`]);
    assert.ok(performance.now() - started < 1_000);
  });

  it('is no name within a second where it may be a service’s behind which a silent server’s domain was put', async () => {
    const { resolver } = bench({
      upstream: { 'web.a.example A': 'silent', 'web.b.example A': 'silent', 'db.b.example A': ['192.0.2.7'] },
      ports: { mayBeService: (name) => Promise.resolve(name.startsWith('web.')) },
    });
    const rcode = async (name: string): Promise<string> => decode(await resolver.answer(question(name), 'udp')).rcode;
    const started = performance.now();
    assert.deepEqual([await rcode('web.a.example'), await rcode('web.b.example')], ['NXDOMAIN', 'NXDOMAIN']);
    assert.ok(performance.now() - started < 1_000);
    assert.equal(await rcode('db.b.example'), 'NOERROR');
  });

  it('is the machine’s, however slow, where the namespace has no such service', async () => {
    const upstream = async (message: Uint8Array): Promise<Uint8Array> => {
      await new Promise((resolve) => setTimeout(resolve, 1_200));
      return answerTo(message, [{ name: 'web.found', type: 'A', ttl: 1, data: POD }]);
    };
    const { resolver } = bench({ ports: { upstream, namespaceExists: () => Promise.resolve(true) } });
    assert.deepEqual(answerLines(await resolver.answer(question('web.found'), 'udp')), [`web.found A ${POD}`]);
  });

  it('is still answered when the policy fails on it', async () => {
    const test = bench({
      upstream: { 'www.example.com A': ['192.0.2.1'] },
      policy: { prepareAnswer: () => Promise.reject(new Error('no')) },
    });
    assert.equal(answerLines(await test.resolver.answer(question('www.example.com'), 'udp')).length, 1);
  });

  it("of another class is the machine's, whatever its name", async () => {
    const test = bench({ ports: { upstream: (m) => Promise.resolve(answerTo(m, [])) } });
    const chaos = question('version.bind', 'TXT');
    chaos[chaos.length - 1] = 3;
    assert.equal(decode(await test.resolver.answer(chaos, 'udp')).questions?.[0]?.class, 'CH');
    assert.deepEqual(test.cluster, []);
  });
});

describe('rules of the policy', () => {
  const ruleFor = (form: string, rule: NameRule) => ({
    rule: (names: readonly string[]) => (names.includes(form) ? rule : ('default' as const)),
  });

  it('local: hosts file first, by any form of the name', async () => {
    const test = bench({
      policy: ruleFor('example-hostname.svc', 'local'),
      hosts: { 'example-hostname.svc': ['127.0.0.1'] },
      cluster: { 'example-hostname.svc.default.svc.cluster.local A': [SERVICE] },
    });
    for (const name of [
      'example-hostname.svc',
      'Example-Hostname.SVC',
      'example-hostname.svc.default.svc.cluster.local',
    ]) {
      assert.deepEqual(answerLines(await test.resolver.answer(question(name), 'udp')), [`${name} A 127.0.0.1`]);
    }
    const other = decode(await test.resolver.answer(question('example-hostname.svc', 'AAAA'), 'udp'));
    assert.deepEqual([other.rcode, other.answers], ['NOERROR', []]);
    assert.deepEqual([test.cluster, test.upstream], [[], []]);
    assert.ok(test.announced[0]?.startsWith('local example-hostname.svc 127.0.0.1'));
  });

  it("local: then the machine's servers, NXDOMAIN for that name alone", async () => {
    const test = bench({
      policy: ruleFor('db.prod', 'local'),
      cluster: { 'db.prod.svc.cluster.local A': [SERVICE], 'web.prod.svc.cluster.local A': [SERVICE] },
    });
    assert.equal(decode(await test.resolver.answer(question('db.prod'), 'udp')).rcode, 'NXDOMAIN');
    assert.deepEqual([test.cluster, test.upstream], [[], ['db.prod A']]);
    assert.equal(answerLines(await test.resolver.answer(question('web.prod'), 'udp')).length, 1);
  });

  it('cluster: a name outside is asked of the cluster, as it is first, and of nobody else', async () => {
    const policy = ruleFor('rds.corp.example', 'cluster');
    const test = bench({ policy, cluster: { 'rds.corp.example A': ['172.16.0.9'] } });
    assert.equal(answerLines(await test.resolver.answer(question('rds.corp.example'), 'udp')).length, 1);
    assert.deepEqual(test.cluster, ['rds.corp.example A']);
    assert.deepEqual(test.announced, ['cluster rds.corp.example 172.16.0.9 5']);
    const unknown = bench({ policy, upstream: { 'rds.corp.example A': ['192.0.2.1'] } });
    assert.equal(decode(await unknown.resolver.answer(question('rds.corp.example'), 'udp')).rcode, 'NXDOMAIN');
    assert.deepEqual(unknown.upstream, []);
  });

  it('fixed hosts: their addresses by family, in any form, NODATA for other types', async () => {
    const test = bench({ policy: { host: (name) => (name === 'db.default.svc' ? ['127.0.0.1', '::1'] : undefined) } });
    assert.deepEqual(answerLines(await test.resolver.answer(question('db'), 'udp')), ['db A 127.0.0.1']);
    assert.deepEqual(answerLines(await test.resolver.answer(question('db', 'AAAA'), 'udp')), ['db AAAA ::1']);
    const other = decode(await test.resolver.answer(question('db', 'TXT'), 'udp'));
    assert.deepEqual([other.rcode, other.answers], ['NOERROR', []]);
    assert.deepEqual(test.cluster, []);
  });

  it('localhost is this machine, whatever the rules say', async () => {
    const test = bench({ policy: { rule: () => 'cluster' } });
    assert.deepEqual(answerLines(await test.resolver.answer(question('localhost'), 'udp')), ['localhost A 127.0.0.1']);
    assert.deepEqual(answerLines(await test.resolver.answer(question('a.localhost', 'AAAA'), 'udp')), [
      'a.localhost AAAA ::1',
    ]);
    assert.deepEqual([test.cluster, test.upstream], [[], []]);
  });

  it('a rule that throws is SERVFAIL, not silence', async () => {
    const test = bench({
      policy: {
        rule: () => {
          throw new Error('defect');
        },
      },
    });
    assert.equal(decode(await test.resolver.answer(question('db'), 'udp')).rcode, 'SERVFAIL');
    assert.equal(test.reported.length, 1);
  });
});
