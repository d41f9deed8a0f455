import assert from 'node:assert/strict';
import { dialPod } from '../../../src/kube/port-forward/dial.ts';
import { ServerNames } from '../../../src/kube/server/names.ts';
import { Server } from '../../../src/kube/server/server.ts';
import { CERT, FakeServer } from './support/fake-server.ts';

/** Mocha limits each test; a deadline from here on would run while others do. */
const { signal } = new AbortController();
const anyone = { current: async () => ({ headers: {} }), refused: () => false, anonymous: false, isAsking: false };

describe('an API server whose name moves', function () {
  this.timeout(20_000);
  let fake: FakeServer;
  let addresses: string[];
  let asked: number;
  let server: Server;

  beforeEach(async () => {
    fake = await FakeServer.start();
    asked = 0;
    const names = new ServerNames(async () => {
      asked++;
      return addresses;
    });
    const endpoint = { host: 'api.test', port: fake.port, secure: true, path: '', url: 'https://api.test' };
    server = new Server(endpoint, null, { ca: CERT, serverName: 'localhost', verify: true }, anyone, names);
  });
  afterEach(() => fake.stop());

  const connect = async (): Promise<void> => {
    const stream = await dialPod(server, { namespace: 'n', pod: 'p', port: 1 }, signal);
    stream.destroy();
  };

  it('is resolved once as long as it answers', async () => {
    addresses = ['127.0.0.1'];
    await server.resolve(signal);
    await connect();
    await connect();
    assert.equal(asked, 1);
    assert.deepEqual(server.names.all(), ['127.0.0.1']);
  });

  it('is found at its new address, which is told before it is used', async () => {
    // The fake listens on 127.0.0.1 alone: the old address refuses.
    addresses = ['127.0.0.9'];
    await server.resolve(signal);
    addresses = ['127.0.0.1'];
    const told: string[][] = [];
    server.names.onChange = async (all) => {
      assert.equal(fake.seen.length, 0);
      told.push([...all]);
    };
    await connect();
    assert.deepEqual(told, [['127.0.0.1', '127.0.0.9']]);
    await connect();
    assert.equal(asked, 2);
  });

  it('is not asked for again and again when it has not moved', async () => {
    addresses = ['127.0.0.9'];
    await server.resolve(signal);
    await assert.rejects(connect(), { code: 'api-refused', message: /https:\/\/api\.test \(127\.0\.0\.9\)/ });
    assert.equal(asked, 2);
  });

  it('is reached through its known address while names cannot be resolved', async () => {
    addresses = ['127.0.0.1'];
    await server.resolve(signal);
    server.names.refresh = async () => Promise.reject(new Error('no DNS'));
    await connect();
  });
});
