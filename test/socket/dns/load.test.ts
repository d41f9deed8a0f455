import { strict as assert } from 'node:assert';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { listenOnLoopback } from '../../../src/dns/loopback-listener.ts';
import { Upstream } from '../../../src/dns/upstream.ts';
import { answerTo, bench, decode, NO_RELAY, question } from '../../unit/support/dns.ts';
import { startDnsServer } from '../support/dns-server.ts';

const OUTSTANDING = 32;
const QUESTIONS = 10_000;

describe('load', function () {
  this.timeout(30_000);

  it('of 32 questions outstanding: all answered, none late', async () => {
    const server = await startDnsServer((m) => {
      const name = decode(m).questions?.[0]?.name ?? '';
      return answerTo(m, [{ name, type: 'A', ttl: 30, data: '192.0.2.1' }]);
    });
    const upstream = await Upstream.open(['127.0.0.1'], { port: server.port });
    const { resolver } = bench({
      ports: {
        upstream: upstream.ask.bind(upstream),
        cluster: (message, signal) => upstream.ask(message, 'udp', signal),
        now: () => performance.now(),
      },
    });
    const listener = await listenOnLoopback(resolver, NO_RELAY);
    const client = createSocket({ type: 'udp4', recvBufferSize: 1024 * 1024 });
    const asked = new Map<number, number>();
    const latencies: number[] = [];
    const failures: string[] = [];
    try {
      const done = new Promise<void>((resolve) => {
        let sent = 0;
        const next = () => {
          const id = sent++ & 0xffff;
          asked.set(id, performance.now());
          // Half of them the cluster's, each name new.
          const name = id % 2 === 0 ? `a${id}.default.svc.cluster.local` : `www${id}.example.com`;
          client.send(question(name, 'A', { id }), listener.port, '127.0.0.1');
        };
        client.on('message', (answer) => {
          const id = answer.readUInt16BE(0);
          latencies.push(performance.now() - (asked.get(id) ?? 0));
          asked.delete(id);
          if (decode(answer).answers?.length !== 1) failures.push(decode(answer).rcode);
          if (sent < QUESTIONS) next();
          else if (asked.size === 0) resolve();
        });
        for (let i = 0; i < OUTSTANDING; i++) next();
      });
      const started = performance.now();
      await done;
      const seconds = (performance.now() - started) / 1_000;
      latencies.sort((a, b) => a - b);
      const p99 = latencies[Math.floor(latencies.length * 0.99)] ?? Infinity;
      assert.deepEqual(failures, []);
      assert.equal(latencies.length, QUESTIONS);
      // Far from what the machine can do, so that a busy one passes; a stall or a quadratic loop does not.
      assert.ok(QUESTIONS / seconds > 500, `${Math.round(QUESTIONS / seconds)} questions a second`);
      assert.ok(p99 < 500, `p99 ${p99} ms`);
    } finally {
      client.close();
      await once(client, 'close');
      await listener.close();
      upstream.close();
      await server.close();
    }
  });

  it('of 50,000 questions with a silent server: all SERVFAIL within 5 s, memory bounded', async () => {
    const server = await startDnsServer(() => null);
    const upstream = await Upstream.open(['127.0.0.1'], { port: server.port });
    const { resolver } = bench({ ports: { upstream: upstream.ask.bind(upstream), now: () => performance.now() } });
    const messages = Array.from({ length: 50_000 }, (_, i) => question(`a${i}.example.com`));
    const before = process.memoryUsage().rss;
    try {
      const started = performance.now();
      let answered = 0;
      await Promise.all(
        messages.map(async (message) => {
          const answer = await resolver.answer(message, 'udp');
          assert.equal((answer?.[3] ?? 0) & 15, 2);
          answered++;
        }),
      );
      const took = performance.now() - started;
      const grown = process.memoryUsage().rss - before;
      assert.equal(answered, messages.length);
      assert.ok(took < 6_000, `${took} ms`);
      assert.ok(grown < 200_000_000, `${grown} bytes`);
    } finally {
      upstream.close();
      await server.close();
    }
  });
});
