import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MirrordError } from '../../../src/errors.ts';
import { ask as askUser } from '../../../src/control/request.ts';
import { ControlServer } from '../../../src/control/server.ts';

describe('control socket', () => {
  let folder: string;
  let path: string;
  let server: ControlServer;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mirrord-control-'));
    path = join(folder, 'control.sock');
    server = new ControlServer(path, {
      echo: (params) => params,
      nothing: () => undefined,
      refuse: () => {
        throw new MirrordError('host', 'some-code', 'It is so.', { help: 'Do this.' });
      },
      defect: () => {
        throw new TypeError('oops');
      },
      slow: (_params, signal) =>
        new Promise((resolve) => signal.addEventListener('abort', () => resolve(aborts.push('slow')))),
    });
    await server.listen();
  });

  afterEach(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });

  const own = process.geteuid?.() ?? -1;
  const ask = (place: string, method: string, params: unknown, signal: AbortSignal): Promise<unknown> =>
    askUser(place, method, params, signal, own);
  const aborts: string[] = [];
  const soon = (): AbortSignal => AbortSignal.timeout(5_000);

  /** Sends bytes as they are; resolves to everything that comes back. */
  function raw(bytes: string | Buffer, { end = false } = {}): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = createConnection(path);
      let answer = '';
      socket.on('data', (chunk) => (answer += chunk.toString()));
      socket.on('close', () => resolve(answer));
      socket.on('error', reject);
      if (end) socket.end(bytes);
      else socket.write(bytes);
    });
  }

  it('answers a question with its result', async () => {
    assert.deepEqual(await ask(path, 'echo', { a: ['ü', 1, null] }, soon()), { a: ['ü', 1, null] });
    assert.equal(await ask(path, 'nothing', undefined, soon()), null);
  });

  it('carries an answer of megabytes', async () => {
    const long = 'x'.repeat(60_000);
    assert.equal(await ask(path, 'echo', long, soon()), long);
  });

  it('is readable and writable by its owner alone', () => {
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  it('carries errors with code, class and help', async () => {
    await assert.rejects(ask(path, 'refuse', undefined, soon()), (error: MirrordError) => {
      assert.deepEqual(error.describe(), {
        code: 'some-code',
        failure: 'host',
        message: 'It is so.',
        help: 'Do this.',
      });
      return true;
    });
    await assert.rejects(ask(path, 'defect', undefined, soon()), { code: 'unexpected', message: 'oops' });
    await assert.rejects(ask(path, 'no-such-method', undefined, soon()), { code: 'control-request-invalid' });
  });

  it('refuses what is no question, and lives on', async () => {
    const garbage = [
      '\n',
      '{\n',
      '[]\n',
      'null\n',
      '{"version":1,"method":7}\n',
      '{"method":"echo"}\n',
      '{"version":"1","method":"echo"}\n',
      '{"version":2,"method":"echo"}\n',
      '"status"\n',
      '\u0000\u0001\n',
      '{"version":1,"method":"__proto__"}\n',
    ];
    for (const line of garbage) {
      const { error } = JSON.parse(await raw(line)) as { error: { code: string } };
      assert.equal(error.code, 'control-request-invalid', JSON.stringify(line));
    }
    assert.equal(await ask(path, 'echo', 1, soon()), 1);
  });

  it('refuses a question without end', async () => {
    const { error } = JSON.parse(await raw(Buffer.alloc(70_000, 'x'))) as { error: { message: string } };
    assert.match(error.message, /longer than 65536 bytes/);
  });

  it('refuses a question that does not come in time, and asks nothing of it', async () => {
    const { error } = JSON.parse(await raw('{"version":1,')) as { error: { message: string } };
    assert.match(error.message, /no complete line arrived in time/);
  }).timeout(10_000);

  it('gives an answer that comes with its end', async () => {
    const place = join(folder, 'ending.sock');
    const ended = Promise.withResolvers<string>();
    const asked = Promise.withResolvers<undefined>();
    const down = (): Promise<string> => {
      asked.resolve(undefined);
      return ended.promise;
    };
    const ending = new ControlServer(place, { down });
    await ending.listen();
    const answer = ask(place, 'down', undefined, soon());
    await asked.promise;
    ended.resolve('what remains');
    await Promise.all([ending.close(), answer]);
    assert.equal(await answer, 'what remains');
  });

  it('forgets who closes without asking', async () => {
    assert.equal(await raw('', { end: true }), '');
    assert.equal(await raw('{"method"', { end: true }), '');
    assert.equal(await ask(path, 'echo', 1, soon()), 1);
  });

  it('takes a question that comes in single bytes', async () => {
    const socket = createConnection(path);
    for (const byte of '{"version":1,"method":"echo","params":5}\n')
      await new Promise((resolve) => socket.write(byte, resolve));
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    assert.equal(chunk.toString(), '{"result":5}\n');
  });

  it('tells a handler that its asker has gone', async () => {
    await assert.rejects(ask(path, 'slow', undefined, AbortSignal.timeout(50)), { code: 'session-no-answer' });
    for (let waited = 0; aborts.length === 0 && waited < 100; waited++)
      await new Promise((resolve) => setTimeout(resolve, 10));
    assert.deepEqual(aborts, ['slow']);
  });

  it('replaces the socket that a dead session left', async () => {
    await server.close();
    writeFileSync(path, '');
    await server.listen();
    assert.equal(await ask(path, 'echo', 1, soon()), 1);
  });

  it('answers nobody but its user and root', async () => {
    const others = new ControlServer(join(folder, 'others.sock'), { env: () => 'secret' }, own + 1);
    await others.listen();
    const asked = askUser(join(folder, 'others.sock'), 'env', undefined, soon(), own);
    // Root is answered all the same.
    if (own === 0) assert.equal(await asked, 'secret');
    else await assert.rejects(asked, { code: 'session-not-yours' });
    await others.close();
  });

  it('does not ask who is not the session', async () => {
    let heard = '';
    const impostor = createServer((socket) =>
      socket.on('data', (chunk) => (heard += String(chunk))).on('error', () => {}),
    );
    const impostorPath = join(folder, 'impostor.sock');
    await new Promise<void>((resolve) => impostor.listen(impostorPath, resolve));
    await assert.rejects(askUser(impostorPath, 'env', undefined, soon(), own + 1), { code: 'session-foreign-socket' });
    assert.equal(heard, '');
    await new Promise((resolve) => impostor.close(resolve));
  });

  it('says that no session runs when nobody listens', async () => {
    await assert.rejects(ask(join(folder, 'none.sock'), 'status', undefined, soon()), { code: 'session-not-running' });
    await assert.rejects(ask(join(folder, 'x/y/none.sock'), 'status', undefined, soon()), {
      code: 'session-not-running',
    });
  });

  it('gives up on a session that answers nonsense or nothing', async () => {
    for (const [answer, reason] of [
      ['not json\n', /not JSON/],
      ['', /closed the connection/],
    ] as const) {
      const odd = createServer((socket) => socket.resume().end(answer));
      const oddPath = join(folder, 'odd.sock');
      await new Promise<void>((resolve) => odd.listen(oddPath, resolve));
      await assert.rejects(ask(oddPath, 'status', undefined, soon()), { code: 'session-no-answer', message: reason });
      await new Promise((resolve) => odd.close(resolve));
    }
  });
});
