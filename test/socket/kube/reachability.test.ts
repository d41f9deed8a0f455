import assert from 'node:assert/strict';
import net, { type AddressInfo, type Server as NetServer, type Socket } from 'node:net';
import http from 'node:http';
import { openCluster } from '../../support/bundled-kube.ts';
import type { ClusterOptions } from '../../../src/kube/cluster.ts';
import { FakeServer, json, kubeconfigFor } from './support/fake-server.ts';
import { connectProxy, socksProxy } from './support/proxies.ts';

async function open(kubeconfig: string, more: Partial<ClusterOptions> = {}): Promise<string> {
  const cluster = await openCluster({ kubeconfig, cwd: process.cwd(), useProxy: false, ...more });
  cluster.close();
  return cluster.version;
}

async function listen(server: NetServer): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

describe('reaching the API server', function () {
  this.timeout(30_000);
  const servers: { close(): unknown }[] = [];
  let fake: FakeServer;

  beforeEach(async () => {
    fake = await FakeServer.start();
  });
  afterEach(async () => {
    await fake.stop();
    for (const server of servers.splice(0)) server.close();
  });

  it('works by address and by name', async () => {
    assert.equal(await open(kubeconfigFor(`https://127.0.0.1:${fake.port}`)), 'v1.34.4');
    assert.equal(await open(kubeconfigFor(`https://localhost:${fake.port}`)), 'v1.34.4');
  });

  it('keeps the path of the address in front of every request', async () => {
    const prefixed = await FakeServer.start('/k8s/clusters/c-1');
    try {
      await open(kubeconfigFor(`https://127.0.0.1:${prefixed.port}/k8s/clusters/c-1`));
      assert.deepEqual(prefixed.seen[0], '/k8s/clusters/c-1/version');
    } finally {
      await prefixed.stop();
    }
  });

  it('works without TLS where the address says so', async () => {
    const plain = http.createServer((request, response) => {
      const body = request.url === '/version' ? { gitVersion: 'v1.30.0' } : {};
      response.end(JSON.stringify(body));
    });
    servers.push(plain);
    assert.equal(await open(kubeconfigFor(`http://127.0.0.1:${await listen(plain)}`)), 'v1.30.0');
  });

  it('names the addresses that must stay out of the tunnel', async () => {
    const cluster = await openCluster({
      kubeconfig: kubeconfigFor(`https://localhost:${fake.port}`),
      cwd: process.cwd(),
      useProxy: false,
    });
    assert.ok(cluster.serverAddresses().includes('127.0.0.1'));
    cluster.close();
  });

  it('says that nothing listens', async () => {
    const closed = net.createServer();
    const port = await listen(closed);
    closed.close();
    await assert.rejects(open(kubeconfigFor(`https://127.0.0.1:${port}`)), {
      code: 'api-refused',
      failure: 'cluster',
      message: new RegExp(`127.0.0.1:${port}`),
    });
  });

  it('says that a name does not resolve', async () => {
    await assert.rejects(open(kubeconfigFor('https://no-such-host.invalid:6443')), {
      code: 'api-unresolved',
      message: /no-such-host\.invalid/,
    });
  });

  it('gives up within 15 s on a server that accepts and says nothing', async () => {
    const silent = net.createServer();
    servers.push(silent);
    const held: Socket[] = [];
    silent.on('connection', (socket) => held.push(socket));
    const begin = performance.now();
    await assert.rejects(open(kubeconfigFor(`https://127.0.0.1:${await listen(silent)}`)), { code: 'api-timeout' });
    assert.ok(performance.now() - begin < 15_000);
    for (const socket of held) socket.destroy();
  });

  it('says whom it connects to, before there is an answer', async () => {
    const silent = net.createServer((socket) => void socket.on('error', () => {}));
    servers.push(silent);
    const controller = new AbortController();
    silent.on('connection', () => controller.abort(new Error('enough')));
    const url = `https://127.0.0.1:${await listen(silent)}`;
    const said: string[] = [];
    const report = (text: string): void => void said.push(text);
    await assert.rejects(open(kubeconfigFor(url), { report, signal: controller.signal }), /enough/);
    assert.deepEqual(said, [`connecting to ${url} (context t)`]);
  });

  it('ends at once when it is aborted meanwhile', async () => {
    const silent = net.createServer((socket) => void socket.on('error', () => {}));
    servers.push(silent);
    const reason = new Error('Ctrl-C');
    const controller = new AbortController();
    silent.on('connection', () => controller.abort(reason));
    const opening = open(kubeconfigFor(`https://127.0.0.1:${await listen(silent)}`), { signal: controller.signal });
    const begin = performance.now();
    await assert.rejects(opening, reason);
    assert.ok(performance.now() - begin < 1_000);
  });

  it('says that TLS is not spoken there', async () => {
    const plain = http.createServer();
    servers.push(plain);
    await assert.rejects(open(kubeconfigFor(`https://127.0.0.1:${await listen(plain)}`)), { code: 'api-tls' });
  });

  it('says that the certificate is of another authority, or for other names', async () => {
    const url = `https://127.0.0.1:${fake.port}`;
    await assert.rejects(open(kubeconfigFor(url, { 'certificate-authority-data': '' })), { code: 'api-certificate' });
    await assert.rejects(open(kubeconfigFor(url, { 'tls-server-name': 'other.example' })), {
      code: 'api-certificate',
      message: /other names/,
    });
    assert.equal(await open(kubeconfigFor(url, { 'tls-server-name': 'localhost' })), 'v1.34.4');
  });

  it('says so when what answers is no Kubernetes', async () => {
    fake.answers.set('/version', (_request, response) => response.end('<html>Please log in'));
    await assert.rejects(open(kubeconfigFor(`https://127.0.0.1:${fake.port}`)), {
      code: 'api-answer',
      message: /<html>Please log in/,
    });
  });

  it('renews nothing where there is nothing to renew, and quotes a 401', async () => {
    fake.answers.set('/version', json({ message: 'token has expired' }, 401));
    await assert.rejects(open(kubeconfigFor(`https://127.0.0.1:${fake.port}`)), {
      code: 'credentials-rejected',
      message: /token has expired/,
    });
    assert.equal(fake.seen.length, 1);
  });

  it('goes through an HTTP proxy, with its password', async () => {
    const asked: string[] = [];
    const proxy = connectProxy(fake.port, asked);
    servers.push(proxy);
    const url = `http://me:pw@127.0.0.1:${await listen(proxy)}`;
    // Only the proxy can reach this name: it is the one who resolves it.
    const server = { 'proxy-url': url, 'tls-server-name': 'localhost' };
    assert.equal(await open(kubeconfigFor('https://inside.invalid:6443', server)), 'v1.34.4');
    const login = `Basic ${Buffer.from('me:pw').toString('base64')}`;
    assert.equal(asked[0], `inside.invalid:6443 ${login}`);
  });

  it('says what a proxy answered that gives no way', async () => {
    const proxy = http.createServer();
    servers.push(proxy);
    proxy.on('connect', (_request, client: Socket) => client.end('HTTP/1.1 407 Who are you\r\n\r\n'));
    const kubeconfig = kubeconfigFor('https://inside.invalid', {
      'proxy-url': `http://127.0.0.1:${await listen(proxy)}`,
    });
    await assert.rejects(open(kubeconfig), { code: 'proxy-failed', message: /407 Who are you/ });
  });

  it('goes through a SOCKS 5 proxy', async () => {
    const asked: string[] = [];
    const proxy = socksProxy(fake.port, asked);
    servers.push(proxy);
    const server = { 'proxy-url': `socks5://127.0.0.1:${await listen(proxy)}`, 'tls-server-name': 'localhost' };
    assert.equal(await open(kubeconfigFor('https://inside.invalid:6443', server)), 'v1.34.4');
    assert.equal(asked[0], 'inside.invalid');
  });
});
