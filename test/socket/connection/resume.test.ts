import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createTunnel } from '../../../src/peer/client.ts';
import type { Tunnel } from '../../../src/peer/tunnel.ts';
import { hear, startAgent, until } from '../support/agent-process.ts';
import type { RunningAgent } from '../support/agent-process.ts';

const FLOWS = 20;
/** Bytes of each flow, each way. */
const LENGTH = 1_500_000;
const SEEDS = [11, 12, 13];

/** A linear congruential generator (Numerical Recipes' constants): seeded, good enough to choose cuts. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function content(flow: number): Buffer {
  const next = random(flow + 1);
  return Buffer.from(Array.from({ length: 4_001 }, () => Math.floor(next() * 256)));
}

describe('a tunnel whose transport is cut', () => {
  let agent: RunningAgent;
  let keeper: Tunnel;
  let echo: Server;
  let port = 0;

  before(async () => {
    agent = await startAgent({ resumeMs: 3_000 });
    // An agent ends with the last of its sessions.
    keeper = await agent.tunnel();
    echo = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => {});
      socket.pipe(socket);
    }).listen(0, '127.0.0.1');
    await once(echo, 'listening');
    const address = echo.address();
    port = address !== null && typeof address === 'object' ? address.port : 0;
  });
  after(async () => {
    echo.close();
    keeper.close();
    await agent.stop();
    assert.deepEqual(
      agent.events.filter(({ event }) => event === 'defect'),
      [],
    );
  });

  for (const seed of SEEDS) {
    it(`delivers ${FLOWS} flows whole, seed ${seed}`, async () => {
      const next = random(seed);
      let transport: Socket | undefined;
      let budget = 0;
      const dial = async (signal: AbortSignal): Promise<Duplex> => {
        const socket = (await agent.dial(signal)) as Socket;
        transport = socket;
        budget = 500_000 + next() * 6_000_000;
        socket.on('data', (chunk) => {
          budget -= chunk.length;
          // A reset loses what is under way in both directions; an end only what we have not read.
          if (budget < 0) void (next() < 0.5 ? socket.resetAndDestroy() : socket.destroy());
        });
        return socket;
      };
      let resumed = 0;
      const events = { lost() {}, resumed: () => resumed++, dead: (reason: string) => assert.fail(reason) };
      // The keeper has brought the code; here every byte is counted.
      const tunnel = await createTunnel(dial, agent.key, {}, events);
      await Promise.all(
        Array.from({ length: FLOWS }, async (_, i) => {
          const flow = tunnel.connect('127.0.0.1', port);
          const heard = hear(flow);
          const block = content(i);
          const sent = createHash('sha256');
          for (let length = 0; length < LENGTH; length += block.length) {
            sent.update(block);
            await new Promise<void>((resolve) => flow.write(block, resolve));
          }
          flow.end();
          const received = createHash('sha256').update(await heard.all);
          assert.equal(received.digest('hex'), sent.digest('hex'), `flow ${i}`);
        }),
      );
      assert.ok(resumed >= 3, `${resumed} resumes`);
      assert.equal(tunnel.resumes, resumed);
      await tunnel.goodbye();
      assert.ok(transport?.destroyed);
    }).timeout(30_000);
  }

  it('goes on over a second transport while the agent still believes in the first', async () => {
    const transports: Socket[] = [];
    const tunnel = await agent.tunnel(async (signal) => {
      const socket = (await agent.dial(signal)) as Socket;
      transports.push(socket);
      return socket;
    });
    const flow = tunnel.connect('127.0.0.1', port);
    const heard = hear(flow);
    await flow.opened;
    // Half dead: for the client it is over, the agent hears nothing of that.
    const [first] = transports;
    first?.pause();
    first?.emit('error', new Error('the network is unreachable'));
    flow.write(Buffer.from('still here'), () => {});
    flow.end();
    assert.equal((await heard.all).toString(), 'still here');
    assert.equal(tunnel.resumes, 1);
    tunnel.close();
  });

  it('dials again beside a dial that hears nothing', async () => {
    let dials = 0;
    const transports: Socket[] = [];
    const tunnel = await agent.tunnel(async (signal) => {
      // The second is a SYN that gets lost: its answer never comes.
      if (++dials === 2) await once(signal, 'abort');
      const socket = (await agent.dial(signal)) as Socket;
      transports.push(socket);
      return socket;
    });
    const flow = tunnel.connect('127.0.0.1', port);
    const heard = hear(flow);
    await flow.opened;
    transports[0]?.destroy();
    flow.write(Buffer.from('found a way'), () => {});
    flow.end();
    assert.equal((await heard.all).toString(), 'found a way');
    assert.equal(dials, 3);
    tunnel.close();
    await until(() => transports.every(({ destroyed }) => destroyed), 'the late one is dropped as well');
  });

  it('tells what keeps it from coming back, not only what took it away', async () => {
    let last = '';
    const refusals = ['log in again', 'the API server does not answer'];
    const transports: Socket[] = [];
    const events = { lost: (why: string) => (last = why), resumed() {}, dead: (why: string) => assert.fail(why) };
    const told: string[] = [];
    const tunnel = await agent.tunnel(async (signal) => {
      told.push(last);
      const refusal = transports.length > 0 ? refusals.shift() : undefined;
      if (refusal !== undefined) throw new Error(refusal);
      const socket = (await agent.dial(signal)) as Socket;
      transports.push(socket);
      return socket;
    }, events);
    transports[0]?.destroy();
    await until(() => tunnel.resumes === 1, 'the resume');
    assert.deepEqual(told.slice(2), ['log in again', 'the API server does not answer']);
    tunnel.close();
  });

  it('gives up a transport that is silent after the network has changed', async () => {
    const transports: Socket[] = [];
    const lost: string[] = [];
    const events = {
      lost: (reason: string) => lost.push(reason),
      resumed() {},
      dead: (why: string) => assert.fail(why),
    };
    const tunnel = await agent.tunnel(async (signal) => {
      const socket = (await agent.dial(signal)) as Socket;
      transports.push(socket);
      return socket;
    }, events);
    tunnel.pathChanged();
    await tunnel.ping();
    assert.equal(transports.length, 1, 'one that answers stays');
    // A black hole: what comes is heard by nobody.
    transports[0]?.removeAllListeners('data');
    const start = performance.now();
    tunnel.pathChanged();
    await tunnel.ping();
    // The answer may come with the very bytes that complete the resume.
    await until(() => tunnel.resumes === 1, 'the resume');
    assert.match(lost.join(), /network had changed/);
    assert.ok(performance.now() - start < 4_000);
    tunnel.close();
  });

  it('is dead when the agent has forgotten it, and its flows are reset', async () => {
    let away = false;
    let reason = '';
    const transports: Socket[] = [];
    const tunnel = await agent.tunnel(
      async (signal) => {
        if (away) throw new Error('away');
        const socket = (await agent.dial(signal)) as Socket;
        transports.push(socket);
        return socket;
      },
      { lost() {}, resumed() {}, dead: (why) => (reason = why) },
    );
    const flow = tunnel.connect('127.0.0.1', port);
    const heard = hear(flow);
    await flow.opened;
    away = true;
    transports[0]?.destroy();
    await until(
      () => agent.events.some(({ event, detail }) => event === 'ended' && detail === 'no client came back'),
      'the end',
    );
    away = false;
    await heard.reset;
    assert.match(reason, /no longer holds this session/);
    assert.deepEqual(await tunnel.connect('127.0.0.1', port).opened, { ok: false, errno: 'ECONNRESET' });
  }).timeout(20_000);
});
