import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { decode, encode } from 'dns-packet';
import type { Tunnel } from '../../../src/peer/tunnel.ts';
import { startAgent } from '../support/agent-process.ts';
import type { RunningAgent } from '../support/agent-process.ts';

type Answer = (query: Buffer, transport: 'udp' | 'tcp') => Buffer[];

const TRUNCATION = 1 << 9;
const question = encode({ type: 'query', id: 4_711, flags: 0x100, questions: [{ type: 'A', name: 'wEb.svc' }] });

function reply(query: Buffer, address: string, flags = 0): Buffer {
  const { id, questions } = decode(query);
  const answers = address === '' ? [] : [{ type: 'A' as const, name: 'wEb.svc', data: address }];
  return encode({ type: 'response', id: id ?? 0, flags, questions: questions ?? [], answers });
}

describe('DNS through the agent', () => {
  const udp: Socket[] = [];
  const tcp: Server[] = [];
  let agent: RunningAgent | undefined;
  let tunnel: Tunnel | undefined;

  afterEach(async () => {
    for (const socket of udp.splice(0)) socket.close();
    for (const server of tcp.splice(0)) server.close();
    tunnel?.close();
    await agent?.stop();
    agent = undefined;
  });

  /** A name server on one port, UDP and TCP; returns its line in resolv.conf. */
  async function nameServer(answer: Answer): Promise<string> {
    const server = createServer((connection) => {
      connection.once('data', (bytes) => {
        for (const message of answer(bytes.subarray(2), 'tcp')) {
          const length = Buffer.alloc(2);
          length.writeUInt16BE(message.length);
          // In two pieces, as TCP may.
          connection.write(Buffer.concat([length, message.subarray(0, 5)]));
          setImmediate(() => connection.end(message.subarray(5)));
        }
      });
      connection.on('error', () => {});
    });
    tcp.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    const socket = createSocket('udp4');
    udp.push(socket);
    socket.on('message', (query, from) => {
      for (const message of answer(query, 'udp')) socket.send(message, from.port, from.address);
    });
    socket.bind(port, '127.0.0.1');
    await once(socket, 'listening');
    return `nameserver [127.0.0.1]:${port}\n`;
  }

  async function ask(...servers: Answer[]): Promise<Buffer> {
    const lines: string[] = [];
    for (const server of servers) lines.push(await nameServer(server));
    agent = await startAgent({ environment: { MIRRORD_RESOLV_CONF: lines.join('') } });
    tunnel = await agent.tunnel();
    return Buffer.from(await tunnel.resolve(question, AbortSignal.timeout(5_000)));
  }

  const addresses = (answer: Buffer): unknown[] =>
    (decode(answer).answers ?? []).map((each) => ('data' in each ? each.data : null));

  it('gives the answer with the id that was asked', async () => {
    const ids: number[] = [];
    const answer = await ask((query) => {
      ids.push(query.readUInt16BE(0));
      return [reply(query, '10.0.0.1')];
    });
    assert.deepEqual(addresses(answer), ['10.0.0.1']);
    assert.equal(answer.readUInt16BE(0), 4_711);
    assert.equal(ids.length, 1);
  });

  it('asks by TCP when the answer is truncated', async () => {
    const answer = await ask((query, transport) => [
      transport === 'udp' ? reply(query, '', TRUNCATION) : reply(query, '10.0.0.2'),
    ]);
    assert.deepEqual(addresses(answer), ['10.0.0.2']);
  });

  it('asks the second server when the first is silent', async () => {
    assert.deepEqual(
      addresses(
        await ask(
          () => [],
          (query) => [reply(query, '10.0.0.3')],
        ),
      ),
      ['10.0.0.3'],
    );
  });

  it('hears a server that takes longer than its share, and asks it once more meanwhile', async () => {
    let asked = 0;
    const slow = await nameServer(() => []);
    udp.at(-1)?.on('message', (query, from) => {
      if (++asked === 1) setTimeout(() => udp.at(-1)?.send(reply(query, '10.0.0.7'), from.port, from.address), 1_300);
    });
    agent = await startAgent({ environment: { MIRRORD_RESOLV_CONF: slow } });
    tunnel = await agent.tunnel();
    const answer = Buffer.from(await tunnel.resolve(question, AbortSignal.timeout(5_000)));
    assert.deepEqual([addresses(answer), asked], [['10.0.0.7'], 2]);
  });

  it('asks the second server when the first fails, and gives the failure when all do', async () => {
    const fail: Answer = (query) => [reply(query, '', 2)];
    assert.deepEqual(addresses(await ask(fail, (query) => [reply(query, '10.0.0.4')])), ['10.0.0.4']);
    tunnel?.close();
    await agent?.stop();
    assert.equal((await ask(fail, fail)).readUInt16BE(2) & 0xf, 2);
  });

  it('takes no answer to another question, nor with another id', async () => {
    const answer = await ask((query) => {
      const wrongId = reply(query, '6.6.6.6');
      wrongId.writeUInt16BE((query.readUInt16BE(0) + 1) & 0xffff);
      const otherName = encode({
        type: 'response',
        id: query.readUInt16BE(0),
        questions: [{ type: 'A', name: 'bad.svc' }],
        answers: [{ type: 'A', name: 'bad.svc', data: '6.6.6.6' }],
      });
      return [wrongId, otherName, Buffer.from('x'), reply(query, '10.0.0.5')];
    });
    assert.deepEqual(addresses(answer), ['10.0.0.5']);
  });

  it('rejects within 2 s when nobody answers', async () => {
    const start = performance.now();
    await assert.rejects(
      ask(
        () => [],
        () => [],
      ),
      /ETIMEDOUT/,
    );
    assert.ok(performance.now() - start < 3_500);
  });

  it('answers 500 questions at once', async () => {
    await ask((query) => [reply(query, '10.0.0.6')]);
    const asked = Array.from({ length: 500 }, async () => tunnel?.resolve(question, AbortSignal.timeout(5_000)));
    for (const answer of await Promise.all(asked)) assert.deepEqual(addresses(Buffer.from(answer ?? '')), ['10.0.0.6']);
  });
});
