import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, connect } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { createTunnel } from '../../../src/tunnel/client.ts';
import { createTunnelKey } from '../../../src/tunnel/key.ts';
import { SILENT, dialPort, spawnAgent, startAgent, until } from '../support/agent-process.ts';

async function exitOf(child: ReturnType<typeof spawnAgent>): Promise<{ code: number | null; output: string }> {
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [code] = await once(child, 'close');
  return { code: typeof code === 'number' ? code : null, output };
}

describe("the agent's life", () => {
  it('ends when nobody comes', async () => {
    const { code, output } = await exitOf(spawnAgent({ MIRRORD_RESUME_MS: '300' }));
    assert.equal(code, 0);
    assert.match(output, /"event":"leaving","reason":"nobody is connected"/);
  });

  it('ends when nobody comes back, not before', async () => {
    const agent = await startAgent({ MIRRORD_RESUME_MS: '500' });
    const tunnel = await agent.tunnel();
    await new Promise((resolve) => setTimeout(resolve, 900));
    assert.equal(agent.child.exitCode, null);
    tunnel.close();
    await once(agent.child, 'exit');
    assert.equal(agent.child.exitCode, 0);
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
    agent.child.stdin.end();
    await once(agent.child, 'exit');
    assert.equal(agent.child.exitCode, 0);
  });

  it('takes the next port when one is in use', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const address = taken.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    const agent = await startAgent({ MIRRORD_LISTEN: `tcp:127.0.0.1:${port},0` });
    assert.notEqual(agent.port, port);
    await agent.stop();
    const { code, output } = await exitOf(spawnAgent({ MIRRORD_LISTEN: `tcp:127.0.0.1:${port}` }));
    assert.equal(code, 1);
    assert.match(output, /"event":"failed","message":"no port is free: .*EADDRINUSE/);
    taken.close();
  });

  it('listens on a unix socket', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mirrord-agent-'));
    const key = createTunnelKey();
    const path = join(folder, 'socket');
    const child = spawnAgent({ MIRRORD_LISTEN: `unix:${path}` }, key);
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

  it('says in plain words that the environment makes no sense, and no secret', async () => {
    const { code, output } = await exitOf(spawnAgent({ MIRRORD_PUBLIC_KEY: 'nonsense' }));
    assert.equal(code, 78);
    assert.deepEqual(JSON.parse(output), {
      event: 'failed',
      message: 'MIRRORD_PUBLIC_KEY is not an Ed25519 public key in base64',
    });
  });

  for (const [level, told] of [
    ['warn', ['listening', 'leaving']],
    ['info', ['listening', 'connected', 'ended', 'leaving']],
  ] as const) {
    it(`tells ${told.join(', ')} at log level ${level}`, async () => {
      const agent = await startAgent({ MIRRORD_LOG_LEVEL: level });
      (await agent.tunnel()).close();
      await new Promise((resolve) => setTimeout(resolve, 200));
      await agent.stop();
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
    const { readFileSync } = await import('node:fs');
    const kilobytes = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${agent.child.pid}/status`, 'utf8'))?.[1]);
    assert.ok(kilobytes < 60_000, `${kilobytes} kB`);
    tunnel.close();
    await agent.stop();
  });
});
