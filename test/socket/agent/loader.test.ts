import assert from 'node:assert/strict';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { CODE_WANTED } from '../../../src/agent/delivery.ts';
import { agentBundle, dialPort, startAgent, until, type RunningAgent } from '../support/agent-process.ts';

/** More than the loader holds, and fewer than the descriptors of this process. */
const CROWD = 700;
const CROWDED_KB = 90_000;

/** As delivery.ts sends it. */
const packed = (): Buffer => gzipSync(agentBundle(), { level: 9 });

/** A neighbour of the agent: another process in its pod. */
async function neighbour(agent: RunningAgent): Promise<Socket> {
  const socket = await dialPort(agent.port);
  return socket.on('error', () => {});
}

async function asked(agent: RunningAgent): Promise<Socket> {
  const socket = await neighbour(agent);
  const [byte] = (await once(socket, 'data')) as [Buffer];
  assert.equal(byte.toString(), CODE_WANTED);
  return socket;
}

/** Waits for the end of the connection, which must come: by a reset where it has not read everything. */
async function closes(socket: Socket): Promise<void> {
  if (!socket.destroyed) await new Promise((closed) => socket.resume().once('close', closed));
}

const kilobytes = ({ child }: RunningAgent): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]);

async function works(agent: RunningAgent): Promise<void> {
  const tunnel = await agent.tunnel();
  assert.equal((await tunnel.info()).node, process.version);
  await tunnel.goodbye();
}

describe("the agent's loader", () => {
  it('runs the code once it has come, on the connection that brought it', async () => {
    const agent = await startAgent();
    let dials = 0;
    const tunnel = await agent.tunnel(async (signal) => {
      dials++;
      return agent.dial(signal);
    });
    assert.equal((await tunnel.info()).node, process.version);
    assert.equal(dials, 1);
    await tunnel.goodbye();
  });

  it('runs no other code, whoever sends it, and goes on waiting for the right one', async () => {
    const agent = await startAgent();
    const other = gzipSync(Buffer.from("console.log(JSON.stringify({ event: 'taken over' }))"));
    const longer = packed().length * 2;
    const wrongs = [
      Buffer.concat([other, Buffer.alloc(packed().length - other.length)]),
      randomBytes(longer),
      Buffer.alloc(longer),
      Buffer.concat([packed().subarray(1), Buffer.alloc(1)]),
      // A bomb: the most that so many bytes can become.
      gzipSync(Buffer.alloc(packed().length * 1_000)).subarray(0, packed().length),
    ];
    for (const wrong of wrongs) {
      const socket = await asked(agent);
      socket.write(Buffer.concat([wrong, Buffer.alloc(Math.max(0, packed().length - wrong.length))]));
      await closes(socket);
    }
    assert.deepEqual(
      agent.events.map(({ event }) => event),
      ['listening'],
    );
    await works(agent);
  });

  it('goes on over another connection when one is cut in the middle of the code', async () => {
    const agent = await startAgent();
    let dials = 0;
    const tunnel = await agent.tunnel(async (signal) => {
      const transport = (await agent.dial(signal)) as Socket;
      if (++dials > 2) return transport;
      const write = transport.write.bind(transport);
      transport.write = (chunk: Uint8Array) => {
        write(chunk.subarray(0, 5_000), () => transport.destroy());
        return false;
      };
      return transport;
    });
    assert.equal((await tunnel.info()).node, process.version);
    assert.equal(dials, 3);
    await tunnel.goodbye();
  });

  it('is not kept from its client by neighbours that hold connections', async () => {
    const agent = await startAgent();
    const crowd = [];
    for (let i = 0; i < CROWD; i++) {
      const socket = await neighbour(agent);
      if (i % 2 === 0) socket.write(packed().subarray(0, 1 + i * 10));
      crowd.push(socket);
    }
    assert.ok(kilobytes(agent) < CROWDED_KB, `${kilobytes(agent)} kB`);
    await works(agent);
    await Promise.all(crowd.map(closes));
  }).timeout(30_000);

  it('is not kept from its client by a neighbour that connects again and again', async () => {
    const agent = await startAgent();
    const over = new AbortController();
    let connections = 0;
    const flood = async (): Promise<void> => {
      while (!over.signal.aborted) {
        const socket = await neighbour(agent).catch(() => null);
        connections++;
        socket?.write(packed().subarray(0, 100));
      }
    };
    const floods = Array.from({ length: 8 }, flood);
    await until(() => connections > CROWD, 'more connections than it holds', 20_000);
    await works(agent);
    over.abort();
    await Promise.all(floods);
  }).timeout(30_000);

  it('ends on SIGTERM, as the first process of a container does only when it has said so', async () => {
    const agent = await startAgent();
    agent.child.kill('SIGTERM');
    await once(agent.child, 'exit');
    assert.equal(agent.child.exitCode, 0);
  });

  it('takes the right code from anyone, which gives a neighbour nothing', async () => {
    const agent = await startAgent();
    const socket = await asked(agent);
    socket.write(packed());
    const [greeting] = (await once(socket, 'data')) as [Buffer];
    assert.match(greeting.toString('latin1'), /mirrord/);
    await works(agent);
  });
});
