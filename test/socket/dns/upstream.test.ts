import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { NoAnswer } from '../../../src/dns/deadline.ts';
import { TcpExchange } from '../../../src/dns/upstream-tcp.ts';
import { Upstream } from '../../../src/dns/upstream.ts';
import { answerLines, answerTo, decode, question } from '../../unit/support/dns.ts';
import { startDnsServer, type DnsServer, type Handler } from '../support/dns-server.ts';

const never = new AbortController().signal;
const answerA = (message: Uint8Array, data = '192.0.2.1') =>
  answerTo(message, [{ name: decode(message).questions?.[0]?.name ?? '', type: 'A', ttl: 60, data }]);

/** A listener that has stopped, with its queue full: the kernel drops every further SYN. */
async function deafServer(host: string, port: number): Promise<{ close(): void }> {
  const listen = `net.createServer().listen({ host: '${host}', port: ${port}, backlog: 1 }, () => console.log('up'))`;
  const child = spawn(process.execPath, ['-e', listen], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  child.kill('SIGSTOP');
  const queued = Array.from({ length: 4 }, () => connect(port, host).on('error', () => undefined));
  await Promise.all(queued.slice(0, 2).map((socket) => once(socket, 'connect')));
  return {
    close() {
      for (const socket of queued) socket.destroy();
      child.kill('SIGKILL');
    },
  };
}

async function until(condition: () => boolean): Promise<void> {
  for (const end = Date.now() + 5_000; !condition(); await delay(10)) assert.ok(Date.now() < end, 'not within 5 s');
}

/** Sockets of this process that Node holds open. */
const openUdp = (): number => process.getActiveResourcesInfo().filter((name) => name === 'UDPWrap').length;

describe("the machine's servers", () => {
  const open: { close(): unknown }[] = [];
  const server = async (handler: Handler, host?: string, port?: number): Promise<DnsServer> => {
    const started = await startDnsServer(handler, host, port);
    open.push(started);
    return started;
  };
  const upstreamTo = async (hosts: readonly string[], port: number): Promise<Upstream> => {
    const upstream = await Upstream.open(hosts, { port });
    open.push(upstream);
    return upstream;
  };
  afterEach(async () => {
    for (const each of open.splice(0).reverse()) await each.close();
  });

  for (const host of ['127.0.0.1', '::1', '127.0.0.53']) {
    it(`are asked on ${host} by UDP from ever other ports, by TCP from the exempt ones`, async () => {
      const one = await server((m) => answerA(m), host);
      const upstream = await upstreamTo([host], one.port);
      for (let i = 0; i < 40; i++) await upstream.ask(question('www.example.com'), 'udp', never);
      for (let i = 0; i < 40; i++) await upstream.ask(question('www.example.com'), 'tcp', never);
      assert.equal(one.received.length, 80);
      const from = (which: 'udp' | 'tcp') =>
        one.received.flatMap(({ transport, from: port }) => (transport === which ? [port] : []));
      // Of 28,000 ports that the kernel gives, 40 that it draws are hardly ever twice the same.
      assert.ok(new Set(from('udp')).size > 35, String(from('udp')));
      for (const port of from('tcp')) assert.ok(upstream.tcpPorts.includes(port));
    });
  }

  it('see ids of ours, and the program sees its own', async () => {
    const one = await server((m) => answerA(m));
    const upstream = await upstreamTo(['127.0.0.1'], one.port);
    for (let i = 0; i < 20; i++) {
      assert.equal(decode(await upstream.ask(question('a.example', 'A', { id: 7 }), 'udp', never)).id, 7);
    }
    assert.ok(new Set(one.received.map(({ id }) => id)).size > 10);
  });

  it('answer only for themselves: another id, question or source is ignored', async () => {
    const forger = createSocket('udp4');
    await new Promise<void>((resolve) => forger.bind(0, '127.0.0.1', resolve));
    open.push(forger);
    const one = await server((m, _transport, reply) => {
      const wrongId = answerA(m, '6.6.6.6');
      wrongId.writeUInt16BE(wrongId.readUInt16BE(0) ^ 1, 0);
      reply(wrongId);
      const wrongQuestion = answerA(question('b.example'), '6.6.6.6');
      wrongQuestion.writeUInt16BE(m.readUInt16BE(0), 0);
      reply(wrongQuestion);
      reply(Buffer.alloc(3));
      reply(m);
      const from = one.received.at(-1)?.from ?? 0;
      return new Promise((resolve) => {
        forger.send(answerA(m, '6.6.6.6'), from, '127.0.0.1', () => setTimeout(() => resolve(answerA(m)), 20));
      });
    });
    const upstream = await upstreamTo(['127.0.0.1'], one.port);
    const answer = await upstream.ask(question('a.example'), 'udp', never);
    assert.deepEqual(answerLines(answer), ['a.example A 192.0.2.1']);
  });

  it('pass each answer through as it is, TC and odd records too', async () => {
    const odd = Buffer.from('c00cff00000100000e100003abcdef', 'hex');
    const one = await server((m) => {
      const head = Buffer.from(m);
      head.writeUInt16BE(0x8380, 2);
      head.writeUInt16BE(1, 6);
      return Buffer.concat([head, odd]);
    });
    const upstream = await upstreamTo(['127.0.0.1'], one.port);
    const asked = question('WwW.eXample', 'A');
    const answer = Buffer.from(await upstream.ask(asked, 'udp', never));
    assert.deepEqual(answer.subarray(12), Buffer.concat([asked.subarray(12), odd]));
    assert.deepEqual(decode(answer).flag_tc, true);
    assert.deepEqual(
      one.received.map(({ transport }) => transport),
      ['udp'],
    );
  });

  it('that are silent are followed by the next, which is asked first from then on', async () => {
    const silent = await server(() => null, '127.0.0.2');
    const good = await server((m) => answerA(m), '127.0.0.3', silent.port);
    const upstream = await upstreamTo(['127.0.0.2', '127.0.0.3'], silent.port);
    const started = performance.now();
    await upstream.ask(question('a.example'), 'udp', never);
    const first = performance.now() - started;
    assert.ok(first > 1_400 && first < 2_500, `${first} ms`);
    await upstream.ask(question('b.example'), 'udp', never);
    assert.ok(performance.now() - started - first < 500);
    assert.deepEqual([silent.received.length, good.received.length], [1, 2]);
  });

  it('that refuse are followed by the next at once; the refusal stands when all do', async () => {
    const refuses = await server((m) => answerTo(m, [], 5), '127.0.0.2');
    const good = await server((m) => answerA(m), '127.0.0.3', refuses.port);
    const both = await upstreamTo(['127.0.0.2', '127.0.0.3'], good.port);
    assert.equal(decode(await both.ask(question('a.example'), 'udp', never)).rcode, 'NOERROR');
    const alone = await upstreamTo(['127.0.0.2'], good.port);
    assert.equal(decode(await alone.ask(question('a.example'), 'udp', never)).rcode, 'REFUSED');
    assert.equal(refuses.received.length, 2);
  });

  it('are asked again when a datagram was lost', async () => {
    let lost = 0;
    const one = await server((m) => (lost++ === 0 ? null : answerA(m)));
    const upstream = await upstreamTo(['127.0.0.1'], one.port);
    assert.equal(answerLines(await upstream.ask(question('a.example'), 'udp', never)).length, 1);
  });

  it('all silent: no answer, within 5 s', async () => {
    const one = await server(() => null);
    const upstream = await upstreamTo(['127.0.0.1'], one.port);
    const started = performance.now();
    await Promise.all(
      (['udp', 'tcp'] as const).map((transport) =>
        assert.rejects(upstream.ask(question('a.example'), transport, never), NoAnswer),
      ),
    );
    assert.ok(performance.now() - started < 5_000);
  });

  it('none, or nobody there by TCP: no answer, at once', async () => {
    const gone = await startDnsServer(() => null);
    await gone.close();
    const started = performance.now();
    const none = await upstreamTo([], 53);
    await assert.rejects(none.ask(question('a.example'), 'udp', never), /no DNS server/);
    const upstream = await upstreamTo(['127.0.0.1'], gone.port);
    await assert.rejects(upstream.ask(question('a.example'), 'tcp', never), /ECONNREFUSED/);
    assert.ok(performance.now() - started < 500);
  });

  it('are asked from one port by each question on its way, until these are many', async () => {
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const one = await server(async (m) => {
      await released;
      return answerA(m);
    });
    const upstream = await upstreamTo(['127.0.0.1'], one.port);
    const before = openUdp();
    const asks: Promise<Uint8Array>[] = [];
    // Not all at once, for which the server's own buffer is too small.
    for (let wave = 1; wave <= 4; wave++) {
      for (let i = 0; i < 100; i++) asks.push(upstream.ask(question(`a${asks.length}.example`), 'udp', never));
      await until(() => one.received.length >= asks.length);
    }
    assert.equal(new Set(one.received.map(({ from }) => from)).size, 256);
    assert.equal(openUdp() - before, 256);
    release();
    assert.equal((await Promise.all(asks)).length, 400);
    await until(() => openUdp() === before);
  });

  it('are asked from no port that is left open when nothing comes, or all is closed', async () => {
    const one = await server(() => null);
    const upstream = await Upstream.open(['127.0.0.1'], { port: one.port });
    const before = openUdp();
    await assert.rejects(upstream.ask(question('a.example'), 'udp', AbortSignal.timeout(50)), NoAnswer);
    const last = assert.rejects(upstream.ask(question('b.example'), 'udp', never), NoAnswer);
    upstream.close();
    await last;
    await until(() => openUdp() === before);
  });

  it('can be changed at any time', async () => {
    const before = await server((m) => answerA(m, '192.0.2.1'), '127.0.0.2');
    await server((m) => answerA(m, '192.0.2.2'), '127.0.0.3', before.port);
    const upstream = await upstreamTo(['127.0.0.2'], before.port);
    assert.deepEqual(answerLines(await upstream.ask(question('a.example'), 'udp', never)), ['a.example A 192.0.2.1']);
    const ports = upstream.tcpPorts;
    upstream.setServers(['127.0.0.3']);
    assert.deepEqual(answerLines(await upstream.ask(question('a.example'), 'udp', never)), ['a.example A 192.0.2.2']);
    assert.deepEqual(upstream.tcpPorts, ports);
  });

  it('that do not even answer the SYN do not keep the ports of those who do', async () => {
    const good = await server((m) => answerA(m), '127.0.0.3');
    const deaf = await deafServer('127.0.0.2', good.port);
    open.push(deaf);
    const tcp = await TcpExchange.open();
    open.push(tcp);
    const giveUp = AbortSignal.timeout(200);
    const asks = tcp.ports.map(() =>
      tcp.ask(question('a.example'), { host: '127.0.0.2', port: good.port, family: 4 }, giveUp),
    );
    for (const asked of asks) void assert.rejects(asked, NoAnswer);
    await once(giveUp, 'abort');
    const soon = AbortSignal.timeout(2_000);
    const answer = await tcp.ask(question('b.example'), { host: '127.0.0.3', port: good.port, family: 4 }, soon);
    assert.equal(answerLines(answer).length, 1);
  });

  it('take many questions by TCP one after the other from few ports', async () => {
    const one = await server((m) => answerA(m));
    const upstream = await upstreamTo(['127.0.0.1'], one.port);
    const asks = Array.from({ length: 200 }, (_, i) => upstream.ask(question(`a${i}.example`), 'tcp', never));
    assert.equal((await Promise.all(asks)).length, 200);
    for (let i = 0; i < 100; i++) await upstream.ask(question('b.example'), 'tcp', never);
  });
});
