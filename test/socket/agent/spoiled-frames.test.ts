import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import { MUX, muxFrame } from '../../../src/mux/frame.ts';
import { KIND, encodeOpening } from '../../../src/peer/opening.ts';
import { FRAME, HEADER_LENGTH, writeHeader } from '../../../src/connection/frame.ts';
import type { Tunnel } from '../../../src/peer/tunnel.ts';
import { seeded } from '../../unit/stack/support/simulation.ts';
import { dialPort, hear, startAgent } from '../support/agent-process.ts';
import type { RunningAgent } from '../support/agent-process.ts';

/** More for a longer hunt. */
const CLIENTS = Number(process.env['FUZZ_ROUNDS'] ?? 60);
const FRAMES = 200;
const GROWTH_LIMIT_KB = 60_000;

/** A client that has proved itself, and whose frames are then spoiled: types, numbers, lengths, contents. */
async function attack(agent: RunningAgent, seed: number, echoPort: number): Promise<void> {
  const random = seeded(seed);
  const below = (n: number): number => Math.floor(random() * n);
  let transport: Duplex | undefined;
  const tunnel = await agent.tunnel(async () => {
    if (transport !== undefined) throw new Error('no second transport');
    transport = await dialPort(agent.port);
    return transport;
  });
  // What a client would open, so that frames meet something.
  const flow = tunnel.connect('127.0.0.1', echoPort);
  tunnel.datagrams('127.0.0.1', echoPort, '10.0.0.1 5000');
  await flow.opened;
  const types = Object.values(MUX);
  const kinds = Object.values(KIND);
  const others = [FRAME.ack, FRAME.ping, FRAME.proof];
  const one = (): Buffer => {
    const id = [0, 1, 1, 3, 5, 2, 7, below(2 ** 32)][below(8)];
    const opening = encodeOpening(kinds[below(kinds.length)], echoPort, '127.0.0.1');
    const content = [opening, Buffer.alloc(below(20)), Buffer.alloc(4, 0xff), Buffer.alloc(below(5000), 7)][below(4)];
    const frame = muxFrame(id, types[below(types.length)], content);
    for (let spoil = below(8) === 0 ? 1 + below(4) : 0; spoil > 0; spoil--) frame[below(frame.length)] = below(256);
    return frame;
  };
  for (let i = 0; i < FRAMES; i++) {
    if (transport?.writable !== true) break;
    const bytes = one();
    const header = Buffer.alloc(HEADER_LENGTH);
    writeHeader(header, below(20) === 0 ? others[below(others.length)] : FRAME.data, bytes.length);
    transport.write(Buffer.concat([header, bytes]));
    if (i % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  tunnel.close();
  transport?.destroy();
}

function kilobytes(agent: RunningAgent): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${agent.child.pid}/status`, 'utf8'))?.[1]);
}

describe('frames of a proven client that were spoiled', () => {
  it('harm its own session at most: no defect, bounded memory, others go on', async () => {
    const echo = createServer((socket: Socket) => socket.on('error', () => undefined).pipe(socket)).listen(
      0,
      '127.0.0.1',
    );
    await once(echo, 'listening');
    const { port } = echo.address() as AddressInfo;
    const agent = await startAgent({ resumeMs: 100 });
    const witness: Tunnel = await agent.tunnel();
    const flow = witness.connect('127.0.0.1', port);
    const heard = hear(flow);
    assert.deepEqual(await flow.opened, { ok: true });
    const before = kilobytes(agent);
    for (let seed = 1; seed <= CLIENTS; seed++) {
      await attack(agent, seed, port);
      flow.write(Buffer.from('.'), () => undefined);
    }
    flow.end();
    assert.equal((await heard.all).length, CLIENTS);
    assert.ok(kilobytes(agent) - before < GROWTH_LIMIT_KB, `${before} to ${kilobytes(agent)} kB`);
    witness.close();
    await agent.stop();
    echo.close();
    assert.deepEqual(
      agent.events.filter(({ event }) => event === 'defect'),
      [],
    );
    assert.ok(agent.events.filter(({ detail }) => /sent/.test(String(detail))).length > CLIENTS / 3, 'too tame');
  }).timeout(120_000);
});
