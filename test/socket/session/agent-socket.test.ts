import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type Server, type Socket, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dialSocket } from '../../../src/session/remote/namespace-remote.ts';

describe('the socket of an agent on this machine', () => {
  const own = process.geteuid?.() ?? -1;
  let folder: string;
  let path: string;
  let server: Server;
  let heard: PromiseWithResolvers<string>;
  let ended: PromiseWithResolvers<string>;
  const accepted = new Set<Socket>();

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mirrord-agent-'));
    path = join(folder, 'agent.sock');
    heard = Promise.withResolvers();
    ended = Promise.withResolvers();
    server = createServer((socket) => {
      accepted.add(socket);
      socket.on('data', (chunk) => heard.resolve(String(chunk))).on('close', () => ended.resolve('ended'));
    }).listen(path);
    await once(server, 'listening');
  });
  afterEach(async () => {
    for (const socket of accepted) socket.destroy();
    accepted.clear();
    await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true });
  });

  it('is taken when the agent runs as the session does', async () => {
    const stream = await dialSocket(path, AbortSignal.timeout(5_000), own);
    stream.write('hello');
    assert.equal(await heard.promise, 'hello');
    stream.destroy();
  });

  it('is refused when another user listens', async () => {
    await assert.rejects(dialSocket(path, AbortSignal.timeout(5_000), own + 1), { code: 'agent-foreign-socket' });
    // The end of the connection without a byte.
    assert.equal(await Promise.race([heard.promise, ended.promise]), 'ended');
  });

  it('is the end of the agent when nobody listens', async () => {
    await assert.rejects(dialSocket(`${path}.none`, AbortSignal.timeout(5_000)), { code: 'agent-gone' });
  });
});
