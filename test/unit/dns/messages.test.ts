import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { frame, FrameReader } from '../../../src/dns/framing.ts';
import { encodeName, readName } from '../../../src/dns/wire-name.ts';
import { isRelayed } from '../../../src/dns/relay.ts';
import { readQuery } from '../../../src/dns/query.ts';
import { answerLines, answerTo, bench, decode, question } from '../support/dns.ts';

const many = Array.from({ length: 120 }, (_, i) => `10.244.0.${i}`);

describe('messages that are no plain question', () => {
  const rows: readonly (readonly [string, (q: Buffer) => Buffer, string | null])[] = [
    ['nothing', () => Buffer.alloc(0), null],
    ['one byte', () => Buffer.alloc(1), null],
    ['an id', (q) => q.subarray(0, 2), 'FORMERR'],
    ['half a header', (q) => q.subarray(0, 8), 'FORMERR'],
    ['an answer', (q) => answerTo(q, []), null],
    ['a header', (q) => q.subarray(0, 12), 'FORMERR'],
    ['a cut question', (q) => q.subarray(0, -1), 'FORMERR'],
    ['no question', (q) => Buffer.concat([q.subarray(0, 4), Buffer.alloc(8)]), 'FORMERR'],
    ['two questions', (q) => Buffer.concat([q.subarray(0, 5), Buffer.of(2), q.subarray(6), q.subarray(12)]), 'FORMERR'],
    [
      'a name that points to itself',
      (q) => Buffer.concat([q.subarray(0, 12), Buffer.from('c00c00010001', 'hex')]),
      'FORMERR',
    ],
    ['a dynamic update', (q) => Buffer.concat([q.subarray(0, 2), Buffer.of(0x28), q.subarray(3)]), 'NOTIMP'],
    ['a missing EDNS record', (q) => Buffer.concat([q.subarray(0, 11), Buffer.of(1), q.subarray(12)]), 'FORMERR'],
  ];
  for (const [what, make, rcode] of rows) {
    it(`${what}: ${rcode ?? 'no answer'}`, async () => {
      const answer = await bench().resolver.answer(make(question('db')), 'udp');
      if (rcode === null) return assert.equal(answer, null);
      assert.equal(decode(answer).rcode, rcode);
      assert.equal(decode(answer).id, 4711);
    });
  }
});

describe('messages between a program and its server', () => {
  const flags = (q: Buffer, high: number): Buffer => Buffer.concat([q.subarray(0, 2), Buffer.of(high), q.subarray(3)]);
  const rows: readonly (readonly [string, Buffer, boolean])[] = [
    ['a plain question', question('db'), false],
    ['one with EDNS', question('db', 'AAAA', { edns: 1232, dnssec: true }), false],
    ['one without recursion', flags(question('db'), 0), true],
    ['an update', flags(question('corp.example', 'SOA'), 0x28), true],
    ['a notification', flags(question('corp.example', 'SOA'), 0x24), true],
    ['a zone transfer', question('corp.example', 'AXFR'), true],
    ['an incremental one', question('corp.example', 'IXFR'), true],
    ['an answer', answerTo(question('db'), []), false],
    ['half a header', question('db').subarray(0, 8), false],
    ['a header', question('db').subarray(0, 12), false],
  ];
  for (const [what, message, relayed] of rows) {
    it(`${what}: ${relayed ? 'the server’s' : 'the resolver’s'}`, () => assert.equal(isRelayed(message), relayed));
  }
});

describe('size of answers', () => {
  const cluster = { 'all.default.svc.cluster.local A': many };

  it("one beyond the client's limit has TC, the question and what fits", async () => {
    const { resolver } = bench({ cluster });
    for (const [options, limit] of [
      [{}, 512],
      [{ edns: 100 }, 512],
      [{ edns: 512 }, 512],
      [{ edns: 1232 }, 1232],
    ] as const) {
      const answer = (await resolver.answer(question('all', 'A', options), 'udp')) ?? Buffer.alloc(0);
      const { flag_tc, questions, answers, additionals } = decode(answer);
      // The scripted cluster answers without EDNS.
      assert.deepEqual([flag_tc, questions?.[0]?.name, additionals], [true, 'all', []]);
      assert.ok(answer.length <= limit && answer.length > limit - 40, `${answer.length} bytes`);
      assert.ok((answers?.length ?? 0) > 20);
    }
  });

  it('one within it is whole, as it is by TCP', async () => {
    const { resolver } = bench({ cluster });
    assert.equal(answerLines(await resolver.answer(question('all', 'A', { edns: 4096 }), 'udp')).length, 120);
    assert.equal(answerLines(await resolver.answer(question('all'), 'tcp')).length, 120);
  });

  it('has EDNS when the question had', async () => {
    const { resolver } = bench();
    const withEdns = decode(await resolver.answer(question('nowhere.svc', 'A', { edns: 1232 }), 'udp'));
    assert.deepEqual(
      withEdns.additionals?.map((each) => each.type),
      ['OPT'],
    );
    assert.deepEqual(decode(await resolver.answer(question('nowhere.svc'), 'udp')).additionals, []);
  });
});

describe('renamed answers', () => {
  it('write out compressed names and keep unknown types as they are', async () => {
    // SOA with both names compressed into the question, an SVCB-like type 64 with bytes that look like a pointer.
    const { resolver } = bench({
      ports: {
        cluster: (m) => {
          const soaData = Buffer.concat([
            Buffer.from('036e7331c00c', 'hex'),
            Buffer.from('c00c', 'hex'),
            Buffer.alloc(20, 7),
          ]);
          const soa = Buffer.concat([
            Buffer.from('c00c00060001000000ff', 'hex'),
            Buffer.of(0, soaData.length),
            soaData,
          ]);
          const unknown = Buffer.from('c00c00400001000000ff0004c00cffff', 'hex');
          const head = Buffer.from(m.subarray(0, 12));
          head.writeUInt16BE(0x8180, 2);
          head.writeUInt16BE(2, 6);
          return Promise.resolve(Buffer.concat([head, m.subarray(12), soa, unknown]));
        },
      },
    });
    const answer = Buffer.from((await resolver.answer(question('db', 'SOA'), 'udp')) ?? []);
    assert.ok(answer.subarray(-4).equals(Buffer.from('c00cffff', 'hex')));
    const soa = decode(answer).answers?.[0];
    assert.ok(soa?.type === 'SOA');
    assert.deepEqual(
      [soa.name, soa.data.mname, soa.data.rname],
      ['db', 'ns1.db.default.svc.cluster.local', 'db.default.svc.cluster.local'],
    );
  });

  it('that are malformed are SERVFAIL', async () => {
    for (const tail of ['c00c', 'c00c0001000100000001ffff', 'ffff00010001000000010004', '']) {
      const { resolver } = bench({
        ports: {
          cluster: (m) => {
            const head = Buffer.from(m.subarray(0, 12));
            head.writeUInt16BE(0x8180, 2);
            head.writeUInt16BE(1, 6);
            return Promise.resolve(Buffer.concat([head, m.subarray(12), Buffer.from(tail, 'hex')]));
          },
        },
      });
      for (const name of ['db', 'db.default.svc.cluster.local']) {
        assert.equal(decode(await resolver.answer(question(name), 'udp')).rcode, 'SERVFAIL');
      }
    }
  });

  it('to another question are SERVFAIL', async () => {
    const { resolver } = bench({ ports: { cluster: () => Promise.resolve(answerTo(question('other.example'), [])) } });
    assert.equal(decode(await resolver.answer(question('db'), 'udp')).rcode, 'SERVFAIL');
  });
});

describe('random bytes', () => {
  const bytes = fc.uint8Array({ maxLength: 600 });

  it('as a question never throw and keep their id', async () => {
    await fc.assert(
      fc.asyncProperty(bytes, async (message) => {
        const answer = await bench().resolver.answer(message, 'udp');
        if (answer !== null) assert.deepEqual(Buffer.from(answer.subarray(0, 2)), Buffer.from(message.subarray(0, 2)));
      }),
      { numRuns: 2_000 },
    );
  });

  it('behind a good header and in any place of a good question never throw', async () => {
    const good = question('db.prod', 'A', { edns: 1232 });
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), fc.nat(255), async (at, value) => {
        const broken = Buffer.from(good);
        broken[at] = value;
        const answer = await bench().resolver.answer(broken, 'udp');
        if (answer !== null) assert.deepEqual(Buffer.from(answer.subarray(0, 2)), broken.subarray(0, 2));
      }),
      { numRuns: 2_000 },
    );
  });

  it("as the cluster's answer give a readable answer with id, question and case as asked", async () => {
    const name = fc.constantFrom('Db', 'dB.Prod.sVc', 'db.default.svc.CLUSTER.local');
    await fc.assert(
      fc.asyncProperty(name, bytes, fc.boolean(), async (asked, noise, question8) => {
        const { resolver } = bench({
          ports: {
            cluster: (m) => {
              if (!question8) return Promise.resolve(noise);
              const head = Buffer.from(m.subarray(0, 12));
              head.writeUInt16BE(0x8180, 2);
              head[7] = (noise[0] ?? 0) & 3;
              head[9] = (noise[1] ?? 0) & 1;
              return Promise.resolve(Buffer.concat([head, m.subarray(12), noise]));
            },
          },
        });
        const message = question(asked, 'A', { id: 99 });
        const answer = (await resolver.answer(message, 'tcp')) ?? Buffer.alloc(0);
        assert.deepEqual(Buffer.from(answer.subarray(0, 2)), message.subarray(0, 2));
        assert.deepEqual(Buffer.from(answer.subarray(12, message.length)), message.subarray(12));
      }),
      { numRuns: 2_000 },
    );
  });

  it('are never mistaken for a query that cannot be read again', () => {
    fc.assert(
      fc.property(bytes, (message) => {
        const read = readQuery(message);
        if (read.ok) assert.ok(read.query.questionEnd <= message.length);
      }),
    );
  });
});

describe('names', () => {
  it('are read as they were written', () => {
    const label = fc.stringMatching(/^[a-z0-9_-]{1,63}$/);
    fc.assert(
      fc.property(fc.array(label, { maxLength: 6 }), (labels) => {
        const text = labels.join('.');
        const wire = encodeName(text);
        if (wire === null) return assert.ok(text.length > 253);
        assert.equal(readName(wire, 0)?.text, text);
      }),
    );
  });

  it('with odd bytes keep them apart from dots', () => {
    assert.equal(readName(Buffer.from('03612e6202633200', 'hex'), 0)?.text, 'a\\.b.c2');
    assert.equal(readName(Buffer.from('0261ff00', 'hex'), 0)?.text, 'a\\255');
  });

  it('too long to be expanded are NXDOMAIN', async () => {
    const long = Array.from({ length: 4 }, () => 'a'.repeat(57)).join('.');
    const { resolver, cluster } = bench();
    assert.equal(decode(await resolver.answer(question(`${long}.svc`), 'udp')).rcode, 'NXDOMAIN');
    const forms = ['svc.svc.cluster.local', 'svc.cluster.local', 'svc.ec2.internal', 'svc'];
    assert.deepEqual(
      cluster,
      forms.map((form) => `${long}.${form} A`),
    );
  });
});

describe('framing', () => {
  it('finds the messages however the stream is cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 })),
        fc.integer({ min: 1, max: 50 }),
        (messages, cut) => {
          const stream = Buffer.concat(messages.map(frame));
          const reader = new FrameReader();
          const found: Uint8Array[] = [];
          for (let at = 0; at < stream.length; at += cut) found.push(...reader.push(stream.subarray(at, at + cut)));
          assert.deepEqual(found, messages);
          assert.equal(reader.partial, false);
        },
      ),
    );
  });
});
