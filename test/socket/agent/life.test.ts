import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { createTunnel } from '../../../src/peer/client.ts';
import { createTunnelKey } from '../../../src/connection/key.ts';
import { SILENT, agentBundle, dialPort, startAgent, until, type RunningAgent } from '../support/agent-process.ts';

/** What it has said since it listened, and its exit code. */
async function endOf({ child, events }: RunningAgent): Promise<{ code: number | null; said: RunningAgent['events'] }> {
  if (child.exitCode === null) await once(child, 'exit');
  return { code: child.exitCode, said: events.slice(1) };
}

const nobody = { event: 'leaving', reason: 'no client is connected' };

describe("the agent's life", () => {
  it('ends when nobody comes', async () => {
    const agent = await startAgent({ resumeMs: 300, logLevel: 'warn' });
    (await agent.deliver()).destroy();
    assert.deepEqual(await endOf(agent), { code: 0, said: [nobody] });
  });

  it('ends when nobody comes back, not before', async () => {
    const agent = await startAgent({ resumeMs: 500, logLevel: 'warn' });
    const transports: Duplex[] = [];
    const dialOnce = async (signal: AbortSignal): Promise<Duplex> => {
      if (transports.length > 0) throw new Error('away');
      const transport = await agent.dial(signal);
      transports.push(transport);
      return transport;
    };
    const tunnel = await agent.tunnel(dialOnce);
    const start = performance.now();
    transports[0]?.destroy();
    assert.deepEqual(await endOf(agent), { code: 0, said: [nobody] });
    assert.ok(performance.now() - start > 500);
    tunnel.close();
  });

  it('ends at once when its client says goodbye', async () => {
    const agent = await startAgent({ logLevel: 'warn' });
    const tunnel = await agent.tunnel();
    const start = performance.now();
    await tunnel.goodbye();
    const told = performance.now() - start;
    const reason = 'the client said goodbye';
    assert.deepEqual(await endOf(agent), { code: 0, said: [{ event: 'leaving', reason }] });
    const ended = performance.now() - start;
    assert.ok(told < 500 && ended < 1_000, `told after ${told} ms, ended after ${ended} ms`);
  });

  it('stays for its other clients when one says goodbye', async () => {
    const agent = await startAgent();
    const [one, other] = [await agent.tunnel(), await agent.tunnel()];
    await one.goodbye();
    await until(() => agent.events.some(({ event }) => event === 'ended'), 'the agent has heard it');
    assert.equal((await other.info()).node, process.version);
    await other.goodbye();
    assert.equal((await endOf(agent)).code, 0);
  });

  it('ends at once on SIGTERM, and tells its clients', async () => {
    const agent = await startAgent();
    let reason = '';
    await agent.tunnel(agent.dial, { ...SILENT, dead: (why) => (reason = why) });
    agent.child.kill('SIGTERM');
    await once(agent.child, 'exit');
    assert.equal(agent.child.exitCode, 0);
    await until(() => reason !== '', 'the client knows');
    assert.match(reason, /the agent ended the session: SIGTERM/);
  });

  it('ends when its standard input does', async () => {
    const agent = await startAgent();
    await agent.deliver();
    agent.child.stdin.end();
    await once(agent.child, 'exit');
    assert.equal(agent.child.exitCode, 0);
  });

  it('listens on a unix socket', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mirrord-agent-'));
    const key = createTunnelKey();
    const path = join(folder, 'socket');
    const env = { MIRRORD_LISTEN: `unix:${path}`, MIRRORD_PUBLIC_KEY: key.publicKey, MIRRORD_RESOLV_CONF: '' };
    agentBundle();
    const child = spawn(process.execPath, ['dist/agent.cjs'], { env, stdio: ['pipe', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    const dial = async () => {
      const socket = connect(path);
      await once(socket, 'connect');
      return socket;
    };
    const tunnel = await createTunnel(dial, key, {}, SILENT);
    const info = await tunnel.info();
    assert.equal(info.node, process.version);
    assert.ok((await tunnel.ping()) < 1_000);
    tunnel.close();
    child.stdin.end();
    await once(child, 'exit');
    rmSync(folder, { recursive: true });
  });

  it('says in plain words that what it was told makes no sense, and no secret', async () => {
    const agent = await startAgent({ publicKey: 'nonsense' });
    await assert.rejects(agent.deliver());
    const message = 'MIRRORD_PUBLIC_KEY is not an Ed25519 public key in base64';
    assert.deepEqual(await endOf(agent), { code: 78, said: [{ event: 'failed', message }] });
  });

  for (const [level, told] of [
    ['warn', ['listening', 'leaving']],
    ['info', ['listening', 'connected', 'ended', 'leaving']],
  ] as const) {
    it(`tells ${told.join(', ')} at log level ${level}`, async () => {
      const agent = await startAgent({ logLevel: level });
      await (await agent.tunnel()).goodbye();
      await endOf(agent);
      assert.deepEqual(
        agent.events.map(({ event }) => event),
        told,
      );
    });
  }

  it('lives on through strangers, silent and loud', async () => {
    const agent = await startAgent();
    const tunnel = await agent.tunnel();
    for (let i = 0; i < 150; i++) {
      const socket = await dialPort(agent.port);
      socket.on('error', () => {});
      if (i % 2 === 0) socket.write(randomBytes(1 + i * 13));
      if (i % 5 === 0) socket.resetAndDestroy();
    }
    const other = await agent.tunnel();
    assert.equal((await other.info()).node, process.version);
    assert.equal((await tunnel.info()).node, process.version);
    other.close();
    tunnel.close();
    await agent.stop();
    assert.deepEqual(
      agent.events.filter(({ event }) => event === 'defect'),
      [],
    );
  });

  it('takes at most 60 MB when idle', async () => {
    const agent = await startAgent();
    const tunnel = await agent.tunnel();
    await tunnel.info();
    const kilobytes = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${agent.child.pid}/status`, 'utf8'))?.[1]);
    assert.ok(kilobytes < 60_000, `${kilobytes} kB`);
    tunnel.close();
    await agent.stop();
  });
});
