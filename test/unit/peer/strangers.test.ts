import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { duplexPair } from 'node:stream';
import type { Duplex } from 'node:stream';
import { settled } from '../support/mux-pair.ts';
import { createTunnel } from '../../../src/peer/client.ts';
import { FRAME, HEADER_LENGTH, writeHeader } from '../../../src/connection/frame.ts';
import { createTunnelKey, readPublicKey } from '../../../src/connection/key.ts';
import { agentServices } from '../../../src/peer/agent-services.ts';
import { TunnelServer } from '../../../src/peer/server.ts';
import type { WantedDatagrams } from '../../../src/peer/udp.ts';
import type { TunnelService } from '../../../src/peer/service.ts';
import type { Tunnel } from '../../../src/peer/tunnel.ts';

/** Bytes of the stream, in a frame of the layer below. */
function inStream(bytes: Uint8Array): Buffer {
  const header = Buffer.alloc(HEADER_LENGTH);
  writeHeader(header, FRAME.data, bytes.length);
  return Buffer.concat([header, bytes]);
}

describe('an end that speaks something else after the hello', () => {
  const key = createTunnelKey();
  const flowsReset: string[] = [];
  const notes: string[] = [];
  const transports: (readonly [near: Duplex, far: Duplex])[] = [];
  const dead: string[] = [];
  const asked: WantedDatagrams[] = [];
  let server: TunnelServer;
  let tunnels: [Tunnel, Tunnel];

  const service: TunnelService = {
    tcp(flow) {
      flow.accept();
      flow.onReset = () => flowsReset.push(flow.host);
    },
    udp(flow) {
      flow.accept();
      asked.push(flow);
    },
    resolve: () => {
      throw new Error('thrown at once');
    },
    probe: async () => ({ ok: true }),
    environment: () => Promise.resolve({ missing: 'unfound' }),
    info: () => {
      throw new Error('thrown at once');
    },
  };
  const open = async (): Promise<Tunnel> =>
    createTunnel(
      async () => {
        const pair = duplexPair();
        transports.push(pair);
        server.accept(pair[1]);
        return pair[0];
      },
      key,
      {},
      { lost() {}, resumed() {}, dead: (reason) => dead.push(reason) },
    );

  beforeEach(async () => {
    for (const list of [flowsReset, notes, transports, dead, asked]) list.length = 0;
    server = new TunnelServer({ publicKey: readPublicKey(key.publicKey) }, agentServices(service), {
      connected() {},
      note: (event, detail) => notes.push(`${event} ${detail}`),
    });
    tunnels = [await open(), await open()];
    assert.deepEqual(await tunnels[0].connect('first', 1).opened, { ok: true });
    assert.deepEqual(await tunnels[1].connect('second', 1).opened, { ok: true });
  });
  afterEach(() => {
    for (const tunnel of tunnels) tunnel.close();
    server.close('the test is over');
  });

  for (const who of ['client', 'agent'] as const) {
    for (const [what, bytes] of [
      ['text', Buffer.from('HTTP/1.1 502 Bad Gateway\r\n\r\n')],
      ['random bytes', Buffer.concat([Buffer.alloc(16, 0xff), randomBytes(4_096)])],
    ] as const) {
      it(`ends its session and no other: the ${who}, with ${what}`, async () => {
        const [near, far] = transports[0] ?? assert.fail();
        (who === 'client' ? near : far).write(inStream(bytes));
        await settled(() => dead.length > 0 && flowsReset.length > 0, 'both ends know');
        assert.match(dead.join(), /a malformed frame/);
        assert.equal(notes.filter((note) => /^ended .*a malformed frame/.test(note)).length, 1);
        assert.deepEqual(flowsReset, ['first']);
        assert.deepEqual(await tunnels[1].connect('third', 1).opened, { ok: true });
      });
    }
  }

  it('opens nothing at the client but answers to a flow that there is, and that wants them', async () => {
    const heard: string[] = [];
    const deaf = tunnels[0].datagrams('deaf', 1, 'socket');
    const eager = tunnels[0].datagrams('open', 2, 'socket');
    eager.onAnswer = (port, answer) => {
      answer.onDatagram = (payload) => heard.push(`${port} ${Buffer.from(payload).toString()}`);
    };
    await Promise.all([deaf.opened, eager.opened]);
    const [first, second] = asked;
    assert.equal(first?.socket, second?.socket);
    const ends: unknown[] = [];
    const answer = (flow: WantedDatagrams | undefined, port: number, text: string): void => {
      const answered = flow?.answerFrom(port) ?? assert.fail();
      answered.onClosed = (errno) => ends.push(errno);
      answered.send(Buffer.from(text));
    };
    answer(first, 3, 'to one that is deaf');
    answer(second, 4, 'heard');
    await settled(() => heard.length > 0, 'one is heard');
    eager.close();
    answer(second, 5, 'to one that is over');
    await settled(() => ends.length === 2, 'two are told');
    assert.deepEqual([heard, ends, dead], [['4 heard'], [null, 'EACCES'], []]);
  });

  it('is no match for a service that throws: the question fails, and nothing else', async () => {
    await assert.rejects(tunnels[0].info(), /could not answer/);
    await assert.rejects(tunnels[0].resolve(Buffer.alloc(12), AbortSignal.timeout(1_000)), /could not answer/);
    assert.deepEqual(await tunnels[0].probe('host'), { ok: true });
  });
});
