import { strict as assert } from 'node:assert';
import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import type { Answer } from 'dns-packet';
import { frame, FrameReader } from '../../../src/dns/framing.ts';
import { listenOnLoopback, type LoopbackListener } from '../../../src/dns/loopback-listener.ts';
import { Upstream } from '../../../src/dns/upstream.ts';
import { answerTo, bench, decode, question } from '../../unit/support/dns.ts';
import { startDnsServer, type DnsServer } from '../support/dns-server.ts';

const run = promisify(execFile);
const SOA = {
  mname: 'ns.corp.example',
  rname: 'root.corp.example',
  serial: 7,
  refresh: 1,
  retry: 1,
  expire: 1,
  minimum: 1,
};
const HOSTS = 40_000;
/** With recursion: what only the resolver answers here. */
const RESOLVER = '10.96.0.1';

/** REFUSED, with the opcode of what was asked. */
function refusal(message: Buffer): Buffer {
  const answer = answerTo(message, [], 5);
  answer[2] = 0x80 | (message[2] ?? 0);
  return answer;
}

/** The zone in messages of 200 records, as RFC 5936 has it: SOA first and last. */
function* zone(message: Buffer): Generator<Buffer> {
  const soa = { name: 'corp.example', type: 'SOA', ttl: 1, data: SOA } as Answer;
  yield answerTo(message, [soa]);
  for (let at = 0; at < HOSTS; at += 200) {
    const host = (i: number): Answer => ({ name: `h${at + i}.corp.example`, type: 'A', ttl: 1, data: '192.0.2.1' });
    yield answerTo(
      message,
      Array.from({ length: 200 }, (_, i) => host(i)),
    );
  }
  yield answerTo(message, [soa]);
}

describe('what is between a program and the server that it asks', () => {
  const got: Buffer[] = [];
  let servers: readonly DnsServer[];
  let upstream: Upstream;
  let listener: LoopbackListener;
  const closers: (() => void)[] = [];

  beforeEach(async () => {
    const plain = (name: string) => (m: Buffer) => answerTo(m, [{ name, type: 'A', ttl: 1, data: '192.0.2.9' }]);
    const second = await startDnsServer((message, transport, reply) => {
      got.push(message);
      const type = decode(message).questions?.[0]?.type;
      if (type === 'AXFR') for (const each of zone(message)) reply(each);
      else reply(transport === 'udp' ? refusal(message) : plain('db')(message));
      return null;
    }, '127.0.0.2');
    // All servers of a machine are on one port: the first of them is another address.
    const first = await startDnsServer(() => null, '127.0.0.3', second.port);
    servers = [first, second];
    upstream = await Upstream.open(['127.0.0.3', '127.0.0.2'], { port: second.port });
    const { resolver } = bench({ cluster: { 'db.default.svc.cluster.local A': [RESOLVER] } });
    listener = await listenOnLoopback(resolver, upstream.relay('127.0.0.2'));
  });
  afterEach(async () => {
    for (const close of closers.splice(0)) close();
    got.splice(0);
    await listener.close();
    upstream.close();
    await Promise.all(servers.map((server) => server.close()));
  });

  const dig = async (...args: string[]): Promise<string> =>
    (
      await run('dig', ['-p', String(listener.port), '+tries=1', '+time=4', '@127.0.0.1', ...args], {
        maxBuffer: 1 << 26,
      })
    ).stdout;

  it('a whole zone, to the last message, from the server that was asked', async () => {
    const text = await dig('corp.example', 'AXFR');
    assert.match(text, new RegExp(`XFR size: ${HOSTS + 2} records \\(messages ${HOSTS / 200 + 2}`));
    assert.equal(servers[0]?.received.length, 0);
  });

  it('a question without recursion, by TCP, where the same with recursion is the resolver’s', async () => {
    assert.match(await dig('+tcp', '+norecurse', 'db'), /192\.0\.2\.9/);
    assert.match(await dig('+tcp', 'db'), new RegExp(RESOLVER.replaceAll('.', '\\.')));
  });

  it('a datagram, byte for byte and with its own id, and the answer back', async () => {
    const update = question('corp.example', 'SOA', { id: 0x1234, edns: 1232 });
    update[2] = 0x28;
    const socket = createSocket('udp4');
    closers.push(() => socket.close());
    socket.send(update, listener.port, '127.0.0.1');
    const [answer] = (await once(socket, 'message')) as [Buffer];
    assert.deepEqual(got, [update]);
    assert.equal(decode(answer).id, 0x1234);
    assert.equal((answer[3] ?? 0) & 15, 5, 'REFUSED, as the server said, and no other server asked');
  });

  it('on one connection: questions are answered, and from the first other message on it is the server’s', async () => {
    const socket = connect({ host: '127.0.0.1', port: listener.port });
    closers.push(() => socket.destroy());
    const transfer = question('corp.example', 'AXFR', { id: 2 });
    socket.write(Buffer.concat([question('db', 'A', { id: 1 }), transfer].map((each) => Buffer.from(frame(each)))));
    const reader = new FrameReader();
    const ids: (number | undefined)[] = [];
    for await (const chunk of socket) {
      for (const message of reader.push(chunk as Buffer)) ids.push(decode(message).id);
      if (ids.length === HOSTS / 200 + 3) break;
    }
    assert.deepEqual([...new Set(ids)], [1, 2]);
    assert.deepEqual(got, [transfer]);
  });

  it('a program that goes away takes its connection to the server along', async () => {
    for (let i = 0; i < 40; i++) {
      const socket = connect({ host: '127.0.0.1', port: listener.port });
      closers.push(() => socket.destroy());
      socket.write(frame(question('corp.example', 'AXFR')));
      await once(socket, 'data');
      socket.destroy();
    }
    assert.match(await dig('+tcp', '+norecurse', 'db'), /192\.0\.2\.9/);
  });

  it('is reset where the server is not there', async () => {
    await Promise.all(servers.map((server) => server.close()));
    await assert.rejects(dig('corp.example', 'AXFR'));
    servers = [];
  });
});
